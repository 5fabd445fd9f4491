package io.blockcam.filesearch;

import io.blockcam.archive.Baseline;
import io.blockcam.archive.Moment;
import io.blockcam.archive.Nanos;
import io.blockcam.archive.index.SectorKeys;
import io.blockcam.archive.record.RecordTable;
import io.blockcam.archive.segment.SegmentException;
import io.blockcam.archive.segment.SegmentReader;
import io.blockcam.archive.segment.SegmentRows;
import io.blockcam.history.Catalogs;
import io.blockcam.history.InOrder;
import io.blockcam.history.RecordingReader;
import io.blockcam.history.SegmentSet;
import io.blockcam.history.Segments;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks for files in a record. First records are found by their {@linkplain
 * io.blockcam.archive.index.SectorKeys keys}: they say where a file may have lain. Then the record
 * is followed for these places alone, once more for files that were not whole, and last the
 * recorded bytes are compared. With an index few segments are read for that, without one all.
 */
public final class FileSearch {
  /** Segments that are read at the same time; of each all tables are in memory, 8 MiB at most. */
  private static final int AT_ONCE = Math.min(8, Runtime.getRuntime().availableProcessors() + 1);

  /** The same where of each a few records are. */
  private static final int ROWS_AT_ONCE = 16;

  /** Each is worth it only as long as damage is rare. */
  private static final int ATTEMPTS = 8;

  private static final Logger LOG = LoggerFactory.getLogger(FileSearch.class);

  private final RecordingReader reader;
  private final Segments segments;
  private final TargetSet targets;
  private final Window window;
  private final boolean useIndex;
  private final Progress progress;

  private long end = -1;

  /**
   * Numbers of segments that are read whole, for some of their rows were not what they should be.
   */
  private final Set<Long> distrusted = new ConcurrentSkipListSet<>();

  /** By numbers of segments: why they could not be searched. */
  private final Map<Long, String> lost = new TreeMap<>();

  /**
   * What is of interest.
   *
   * @param from what was on the disk after this record, and since; -1 for all
   * @param until the last record that counts
   */
  public record Window(long from, long until) {
    /** All of a recording. */
    public static final Window ALL = new Window(-1, Long.MAX_VALUE);
  }

  /** Is told how far the search has come. */
  @FunctionalInterface
  public interface Progress {
    /** For whom nobody looks at. */
    Progress NONE = (what, done, total) -> {};

    /**
     * Some more is done.
     *
     * @param what is done, a word
     * @param done segments
     * @param total of all
     */
    void update(String what, long done, long total);
  }

  /**
   * What a search found.
   *
   * @param sightings one for each target, in their order
   * @param notSearched why segments were passed over, each in a line; what was on the disk after
   *     one of them nobody knows
   */
  public record Result(List<Sighting> sightings, List<String> notSearched) {

    /** Copies the lists. */
    public Result {
      sightings = List.copyOf(sightings);
      notSearched = List.copyOf(notSearched);
    }
  }

  /**
   * @param segments of the recording; where {@linkplain Segments#isTolerant they may be damaged},
   *     those that are get passed over
   * @param useIndex whether to look into the index of the archive; without it the same is found
   */
  public FileSearch(
      final RecordingReader reader,
      final Segments segments,
      final TargetSet targets,
      final Window window,
      final boolean useIndex,
      final Progress progress) {
    this.reader = reader;
    this.useIndex = useIndex;
    this.segments = segments;
    this.targets = targets;
    this.window = window;
    this.progress = progress;
  }

  /**
   * What could be read of a segment.
   *
   * @param isChecked whether the SHA-256 of its tables is right
   */
  private record Opened(long epoch, SegmentRows rows, boolean isChecked) {}

  /** Rows that were read in haste were not those of their segments: these are read whole. */
  private static final class UnsoundRowsException extends IOException {
    private static final long serialVersionUID = 1L;

    UnsoundRowsException(final String message) {
      super(message);
    }
  }

  /** The index says of a sound segment what is not so: none of it is believed. */
  private static final class UnsoundIndexException extends IOException {
    private static final long serialVersionUID = 1L;

    UnsoundIndexException(final String message) {
      super(message);
    }
  }

  /**
   * Looks for all of them.
   *
   * @throws FileSearchException when there is more to follow than fits into the heap
   */
  public Result run() throws IOException {
    for (int attempt = 0; useIndex && attempt < ATTEMPTS; attempt++) {
      try {
        return run(Catalogs.of(reader, segments, end()));
      } catch (final UnsoundRowsException e) {
        LOG.info("looking again: {}", e.getMessage());
        lost.clear();
      } catch (final UnsoundIndexException e) {
        LOG.warn("all tables are read: {}", e.getMessage());
        lost.clear();
        break;
      }
    }
    return run(Catalogs.none(segments, end()));
  }

  private Result run(final Catalogs index) throws IOException {
    final RefLookup lookup = new RefLookup(index, segments.first());
    final Candidates candidates = candidates(index, lookup);
    final List<Candidates.Stretch> stretches = candidates.stretches();
    final List<Integer> found =
        stretches.stream().map(stretch -> stretch.placement().target()).distinct().toList();
    final Tracker strict =
        tracker(found.stream().map(i -> Aim.strict(targets, i)).toList(), stretches);
    follow("following", List.of(strict), lookup);

    final List<Integer> open = found.stream().filter(i -> !strict.presence(i).wasWhole()).toList();
    final Tracker lax = tracker(open.stream().map(i -> Aim.lax(targets, i)).toList(), stretches);
    final Tracker best =
        tracker(open.stream().map(i -> Aim.strict(targets, i)).toList(), stretches);
    for (final int i : open) {
      best.wantBest(i, most(strict.presence(i)));
    }
    follow("looking closer", List.of(lax, best), lookup);

    final Confirmation confirmation = new Confirmation(segments, targets);
    final Tracker refined = tracker(refined(open, lax, confirmation), stretches);
    follow("looking again", List.of(refined), lookup);

    final List<Sighting> sightings = new ArrayList<>();
    for (int i = 0; i < targets.targets().size(); i++) {
      sightings.add(sighting(i, strict, best, refined, confirmation));
    }
    return new Result(sightings, List.copyOf(lost.values()));
  }

  /**
   * Where the files may lie. A record counts if its key is one of theirs, whether an index has told
   * that or all were looked at.
   */
  private Candidates candidates(final Catalogs index, final RefLookup lookup) throws IOException {
    final Candidates candidates = new Candidates(targets);
    final SegmentScan scan = new SegmentScan(targets);
    scan(index.others(), scan, candidates);
    look(lookup, targets.lookedUp(null), scan, candidates);
    final SegmentSet scanned = new SegmentSet(segments.first());
    int found;
    do { // until no damaged catalog has kept a target from being looked for
      found = candidates.found().cardinality();
      look(lookup, targets.lookedUp(candidates.found()), scan, candidates);
      final SegmentSet more = lookup.notCovered();
      more.remove(scanned);
      more.removeFrom(end());
      scan(more, scan, candidates);
      scanned.add(more);
    } while (candidates.found().cardinality() > found);
    return candidates;
  }

  private void scan(final SegmentSet numbers, final SegmentScan scan, final Candidates candidates)
      throws IOException {
    run(
        "searching",
        numbers,
        AT_ONCE,
        number -> scan(scan, all(number)),
        (number, hits) -> add(candidates, hits));
  }

  private SegmentScan.Hits scan(final SegmentScan scan, final Opened opened) {
    return scan.of(opened.rows.tables(), 0, opened.rows.behind(window.until));
  }

  private void look(
      final RefLookup lookup,
      final long[] keys,
      final SegmentScan scan,
      final Candidates candidates)
      throws IOException {
    lookup.find(
        keys,
        records ->
            run(
                "looking",
                numbers(records.headMap(end()).keySet()),
                ROWS_AT_ONCE,
                number ->
                    scan(scan, named(number, Objects.requireNonNull(records.get(number)), keys)),
                (number, hits) -> add(candidates, hits)));
  }

  /**
   * Records that have one of some keys, as the index says.
   *
   * @param records their numbers
   */
  private Opened named(final long segment, final int[] records, final long[] keys)
      throws IOException {
    Opened opened = some(segment, records);
    int without = rowWithoutKey(opened.rows, keys);
    if (without >= 0 && !opened.isChecked) {
      distrust(segment);
      opened = some(segment, records);
      without = rowWithoutKey(opened.rows, keys);
    }
    if (without >= 0) {
      throw new UnsoundIndexException(
          "record %d of segment %d does not hold what the index says"
              .formatted(opened.rows.number(without), segment));
    }
    return opened;
  }

  /**
   * A row without a key for which the index names it would hide what is looked for.
   *
   * @return -1 when there is none
   */
  private static int rowWithoutKey(final SegmentRows rows, final long[] keys) {
    for (int row = 0; row < rows.count(); row++) {
      final boolean[] hasOne = {false};
      if (SectorKeys.hasAny(rows.tables().records(), row)) {
        SectorKeys.each(
            rows.tables(),
            row,
            hash -> hasOne[0] |= Arrays.binarySearch(keys, SectorKeys.key(hash)) >= 0);
      }
      if (!hasOne[0]) {
        return row;
      }
    }
    return -1;
  }

  /** It is read whole from now on, and the next one, which tells until when it mattered. */
  private void distrust(final long number) {
    distrusted.add(number);
    distrusted.add(number + 1);
  }

  private static void add(final Candidates candidates, final SegmentScan.@Nullable Hits hits)
      throws FileSearchException {
    if (hits != null) {
      candidates.add(hits);
    }
  }

  private static int most(final Presence presence) {
    return presence.parts().stream().mapToInt(Presence.Span::best).max().orElse(0);
  }

  /** Of files that are whole but for what need not be there: what was there in its place. */
  private List<Aim> refined(
      final List<Integer> open, final Tracker lax, final Confirmation confirmation)
      throws IOException {
    final List<Aim> aims = new ArrayList<>();
    for (final int i : open) {
      if (lax.presence(i).wasWhole()) {
        Optional<Aim> aim = refined(i, lax.lastExtents(i), confirmation);
        if (aim.isEmpty()) { // its end may have been overwritten before the rest of it
          aim = refined(i, lax.firstExtents(i), confirmation);
        }
        aim.ifPresent(aims::add);
      }
    }
    return aims;
  }

  private Optional<Aim> refined(
      final int target, final List<Extent> extents, final Confirmation confirmation)
      throws IOException {
    final Target file = targets.targets().get(target);
    if (confirmation.whole(target, extents).comparedBytes() != file.bytes()) {
      return Optional.empty();
    }
    final Aim aim = Aim.lax(targets, target);
    final Extent last = extents.get(extents.size() - 1);
    final int sector = file.sectors() - 1;
    return Optional.of(
        !aim.required().get(sector) && last.sector() + last.sectors() - 1 == sector
            ? aim.withLast(sector, confirmation.lastHash(last))
            : aim);
  }

  private Sighting sighting(
      final int target,
      final Tracker strict,
      final Tracker best,
      final Tracker refined,
      final Confirmation confirmation)
      throws IOException {
    final Target of = targets.targets().get(target);
    final int probative = targets.probative(target);
    if (!strict.follows(target)) {
      return Sighting.absent(of, probative);
    }
    final Tracker tracker = refined.follows(target) ? refined : strict;
    final Evidence first = confirmation.whole(target, tracker.firstExtents(target));
    final Evidence last = confirmation.whole(target, tracker.lastExtents(target));
    final boolean isRefuted = isRefuted(of, first) && isRefuted(of, last);
    final Presence presence = tracker.presence(target);
    return new Sighting(
        of,
        probative,
        isRefuted ? List.of() : presence.whole(),
        presence.parts(),
        isRefuted ? List.of() : tracker.copies(target),
        first,
        last,
        presence.wasWhole() ? Evidence.NONE : confirmation.pieces(target, best.bestExtents(target)),
        tracker.hasOtherEnd(target));
  }

  /** The bytes are others, though the hashes are the same. */
  private static boolean isRefuted(final Target file, final Evidence evidence) {
    return evidence.comparedBytes() < file.bytes() && evidence.problem().isEmpty();
  }

  private Tracker tracker(final List<Aim> aims, final List<Candidates.Stretch> stretches) {
    return new Tracker(targets, aims, stretches);
  }

  /** Tells trackers of all records, if they have anything to follow. */
  private void follow(final String what, final List<Tracker> all, final RefLookup lookup)
      throws IOException {
    final List<Tracker> trackers = all.stream().filter(tracker -> !tracker.isIdle()).toList();
    if (trackers.isEmpty()) {
      return;
    }
    if (reader.recording().baseline() == Baseline.EMPTY) {
      final Moment created = new Moment(0, -1, Nanos.of(reader.recording().created()));
      trackers.forEach(tracker -> tracker.beginsWithZeroes(created));
    }
    final long[] blocks =
        trackers.stream()
            .flatMapToLong(tracker -> LongStream.of(tracker.blocks()))
            .sorted()
            .distinct()
            .toArray();
    final RefLookup.Plan plan = lookup.recordsOf(blocks);
    final Following following = new Following(trackers);
    final SegmentSet numbers = plan.segments(segments.first(), end());
    distrusted.forEach(numbers::add);
    numbers.removeFrom(end());
    run(
        what,
        numbers,
        plan.whole().count() == 0 ? ROWS_AT_ONCE : AT_ONCE,
        number -> {
          final int[] rows = plan.of(number);
          return rows == null ? all(number) : some(number, rows);
        },
        following::segment);
    following.finish();
    check(following.unchecked, plan);
  }

  /** Nothing is said because of tables that are not sound. */
  private void check(final SortedMap<Long, Integer> unchecked, final RefLookup.Plan plan)
      throws IOException {
    final List<Long> unsound = new ArrayList<>();
    run(
        "checking",
        numbers(unchecked.keySet()),
        AT_ONCE,
        number ->
            SegmentRows.of(all(number).rows.tables(), Objects.requireNonNull(plan.of(number)))
                .checksum(),
        (number, checksum) -> {
          if (!Objects.requireNonNull(unchecked.get(number)).equals(checksum)) {
            distrust(number);
            unsound.add(number);
          }
        });
    if (!unsound.isEmpty()) {
      throw new UnsoundRowsException("rows are not those of their tables in segments " + unsound);
    }
  }

  private SegmentSet numbers(final Set<Long> numbers) {
    final SegmentSet set = new SegmentSet(segments.first());
    numbers.forEach(set::add);
    return set;
  }

  /** What comes before the window, and after lost segments. */
  private final class Following {
    private final List<Tracker> trackers;

    /** Segments with which something has come or gone, and the checksums of their rows. */
    private final SortedMap<Long, Integer> unchecked = new TreeMap<>();

    private boolean isBefore = window.from >= 0;
    private boolean isLost;
    private Moment last = new Moment(0, -1, Nanos.of(reader.recording().created()));

    Following(final List<Tracker> trackers) {
      this.trackers = trackers;
    }

    void segment(final long number, final @Nullable Opened opened) {
      if (opened == null) {
        isLost = true;
        return;
      }
      final SegmentRows rows = opened.rows;
      if (rows.count() == 0) {
        return;
      }
      final RecordTable records = rows.tables().records();
      if (isLost) {
        final Moment at = new Moment(opened.epoch, records.sequence(0), records.timestampNs(0));
        trackers.forEach(tracker -> tracker.lose(at));
        isLost = false;
      }
      final int end = rows.behind(window.until);
      int next = 0;
      if (isBefore && records.sequence(rows.count() - 1) > window.from) {
        next = rows.behind(window.from);
        add(number, opened, 0, next);
        trackers.forEach(Tracker::forget);
        isBefore = false;
      }
      add(number, opened, next, end);
      if (end > 0) {
        last = new Moment(opened.epoch, records.sequence(end - 1), records.timestampNs(end - 1));
      }
    }

    /** The record is over. */
    void finish() {
      if (isLost) {
        trackers.forEach(tracker -> tracker.lose(last));
      }
      if (isBefore) {
        trackers.forEach(Tracker::forget);
      }
    }

    private void add(final long number, final Opened opened, final int from, final int to) {
      boolean isMoved = false;
      for (final Tracker tracker : trackers) {
        tracker.add(number, opened.epoch, opened.rows, from, to);
        isMoved |= tracker.isMoved();
      }
      if (isMoved && !opened.isChecked) {
        unchecked.put(number, opened.rows.checksum());
      }
    }
  }

  /** Number of the segment behind the last one that is of interest. */
  private long end() throws IOException {
    long known = end;
    if (known < 0) {
      known =
          window.until == Long.MAX_VALUE
              ? segments.end()
              : segments.firstWhere(segment -> segment.firstSequence() > window.until);
      end = known;
    }
    return known;
  }

  /** Work on a segment, in any thread. */
  @FunctionalInterface
  private interface Work<R> {
    R of(long number) throws IOException;
  }

  /** Takes what that returned; null of a segment that cannot be read. */
  @FunctionalInterface
  private interface Sink<R> {
    void take(long number, @Nullable R result) throws IOException;
  }

  private record Done<R>(@Nullable R result, @Nullable SegmentException lost) {}

  private <R> void run(
      final String what,
      final SegmentSet numbers,
      final int atOnce,
      final Work<R> work,
      final Sink<R> sink)
      throws IOException {
    final int[] done = {0};
    final int count = numbers.count();
    final Iterator<Long> each = numbers.iterator();
    InOrder.run(
        () -> each.hasNext() ? each.next() : null,
        InOrder.workers(atOnce),
        atOnce,
        number -> this.<R>done(number, work),
        (number, result) -> {
          if (result.lost != null) {
            lost.put(number, String.valueOf(result.lost.getMessage()));
          }
          sink.take(number, result.result);
          progress.update(what, ++done[0], count);
        });
  }

  private <R> Done<R> done(final long number, final Work<R> work) throws IOException {
    try {
      return new Done<>(work.of(number), null);
    } catch (final SegmentException e) {
      if (!segments.isTolerant()) {
        throw e;
      }
      return new Done<>(null, e);
    }
  }

  private Opened all(final long number) throws IOException {
    final SegmentReader segment = segments.open(number);
    return new Opened(segment.trailer().epoch(), SegmentRows.all(segment.tables()), true);
  }

  private Opened some(final long number, final int[] records) throws IOException {
    if (distrusted.contains(number)) {
      final Opened whole = all(number);
      final int[] there = IntStream.of(records).filter(i -> i < whole.rows.count()).toArray();
      return new Opened(whole.epoch, SegmentRows.of(whole.rows.tables(), there), true);
    }
    final SegmentRows rows = segments.rows(number, records);
    return new Opened(segments.trailer(number).epoch(), rows, false);
  }
}
