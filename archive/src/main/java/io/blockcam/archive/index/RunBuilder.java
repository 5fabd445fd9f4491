package io.blockcam.archive.index;

import static io.blockcam.archive.record.RecordDescriptor.WHOLE_BLOCK;

import io.blockcam.archive.hash.Sha256Digest;
import io.blockcam.archive.record.RecordFlags;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.archive.record.RecordTable;
import io.blockcam.archive.segment.SegmentTrailer;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Makes a run of the index of the records of some segments, or of runs. Memory: some 20 bytes for
 * each record, and a window. One thread.
 */
public final class RunBuilder {
  private static final int INDEX_BITS = 24;
  private static final int MOST_OPERATIONS = 1 << INDEX_BITS;

  private final WindowStack window;
  private final List<Sha256Digest> digests = new ArrayList<>();
  private @Nullable RunCover cover;

  // What records give that has a payload, or is part of a block; in their order.
  private int pieces;
  private long[] block = new long[1024];
  private long[] ref = new long[1024];
  private byte[] mask = new byte[1024];

  // Their age: how many pieces are older, and how many ranges.
  private final DatedRanges zeroes = new DatedRanges();
  private final DatedRanges doubts = new DatedRanges();
  private int ranges;
  private long newestAge = -1;

  /** As they are stored. */
  private long[] events = new long[16 * RunDescriptor.EVENT_LONGS];

  private int eventLongs;

  /** The segment of which a gap is noted down: one tells that there are some. */
  private long placeOfGap = -1;

  /**
   * @param window used while a run is written; stays the caller's
   */
  public RunBuilder(final WindowStack window) {
    this.window = window;
  }

  /** What has been added; null when nothing has. */
  public @Nullable RunCover cover() {
    return cover;
  }

  /** How much has been added: pieces of records and ranges. */
  public int operations() {
    return pieces + zeroes.count() + doubts.count();
  }

  /**
   * Adds the segment that comes next, all of it.
   *
   * @param records of it, checked
   * @throws IndexException when that is more than can be held; a run of fewer segments may do
   */
  public void add(final SegmentTrailer segment, final RecordTable records) throws IndexException {
    add(segment, records, Long.MIN_VALUE, Long.MAX_VALUE);
  }

  /**
   * Adds some records of the segment that comes next.
   *
   * @param records of it, checked
   * @param afterSequence the last record that does not count any more
   * @param lastSequence the last record that counts
   * @throws IndexException when that is more than can be held; a run of fewer segments may do
   */
  public void add(
      final SegmentTrailer segment,
      final RecordTable records,
      final long afterSequence,
      final long lastSequence)
      throws IndexException {
    final RunCover before = cover;
    final RunCover added = RunCover.of(segment);
    cover = before == null ? added : before.and(added);
    digests.add(segment.digest());
    final long place = digests.size() - 1L;
    if (operations() + 2L * records.count() > MOST_OPERATIONS) { // content and doubt of each
      throw new IndexException(
          "segment " + segment.segmentNumber(),
          "one run of the index cannot hold it with what is before");
    }
    for (int i = 0; i < records.count() && records.sequence(i) <= lastSequence; i++) {
      if (records.sequence(i) > afterSequence) {
        add(records, i, place);
      }
    }
  }

  private void add(final RecordTable records, final int i, final long place) {
    final RecordKind kind = records.kind(i);
    final boolean failed = records.hasFlag(i, RecordFlags.FAILED);
    if (kind == RecordKind.MARK
        || kind == RecordKind.CLOCK_STEP
        || kind == RecordKind.START
        || (kind == RecordKind.GAP && place != placeOfGap)) {
      addEvent(records, i, RecordRef.of(place, i, false));
      placeOfGap = kind == RecordKind.GAP ? place : placeOfGap;
    }
    if (kind.setsContent() && !failed) {
      final int sectors = records.sectorMask(i);
      final boolean zero = kind.isRun() || records.hasFlag(i, RecordFlags.ALL_ZERO);
      if (zero && sectors == WHOLE_BLOCK) {
        add(zeroes, records, i);
      } else {
        add(records.block(i), sectors, RecordRef.of(place, i, zero));
      }
    }
    // Behind the content: from the newest to the oldest, as they are taken, before it.
    if (kind == RecordKind.GAP
        || (kind.setsContent() && (failed || records.hasFlag(i, RecordFlags.UNKNOWN_OUTCOME)))) {
      add(doubts, records, i);
    }
  }

  private void addEvent(final RecordTable records, final int i, final long recordRef) {
    if (eventLongs == events.length) {
      events = Arrays.copyOf(events, 2 * eventLongs);
    }
    events[eventLongs++] =
        (long) records.kind(i).code() << RunDescriptor.EVENT_KIND_SHIFT | recordRef;
    events[eventLongs++] = records.sequence(i);
    events[eventLongs++] = records.timestampNs(i);
    events[eventLongs++] = Event.valueOf(records, i);
  }

  private void add(final long at, final int sectors, final long recordRef) {
    if (pieces == block.length) {
      final int size = Math.multiplyExact(pieces, 2);
      block = Arrays.copyOf(block, size);
      ref = Arrays.copyOf(ref, size);
      mask = Arrays.copyOf(mask, size);
    }
    block[pieces] = at;
    ref[pieces] = recordRef;
    mask[pieces] = (byte) sectors;
    pieces++;
  }

  private void add(final DatedRanges to, final RecordTable records, final int i) {
    final long first = records.block(i);
    final long end = first + records.runBlocks(i);
    final boolean isNewest = newestAge >>> Integer.SIZE == pieces;
    if (!isNewest || !to.extend(first, end, newestAge)) {
      newestAge = (long) pieces << Integer.SIZE | ranges++;
      to.add(first, end, newestAge);
    }
  }

  /**
   * Writes the run of what has been added, and begins anew.
   *
   * @param out stays the caller's; should be buffered
   */
  public RunCover write(final OutputStream out) throws IOException {
    final RunCover written = Objects.requireNonNull(cover, "nothing was added");
    final RunWriter writer = new RunWriter(out);
    write(writer);
    writer.finish(written, this::eachDigest, this::eachEvent);
    pieces = 0;
    zeroes.clear();
    doubts.clear();
    ranges = 0;
    newestAge = -1;
    eventLongs = 0;
    placeOfGap = -1;
    digests.clear();
    cover = null;
    return written;
  }

  private void eachDigest(final RunWriter.Sink sink) throws IOException {
    for (final Sha256Digest digest : digests) {
      sink.take(ByteBuffer.wrap(digest.toByteArray()));
    }
  }

  private void eachEvent(final RunWriter.Sink sink) throws IOException {
    final ByteBuffer all =
        ByteBuffer.allocate(eventLongs * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    all.asLongBuffer().put(events, 0, eventLongs);
    sink.take(all);
  }

  private void write(final RunWriter writer) throws IOException {
    final long[] order = new long[pieces];
    for (int i = 0; i < pieces; i++) {
      order[i] = block[i] / WindowStack.WINDOW_BLOCKS << INDEX_BITS | i;
    }
    Arrays.sort(order);
    final DatedRanges zero = zeroes.newest();
    final DatedRanges doubt = doubts.newest();
    int piece = 0;
    int z = 0;
    int d = 0;
    for (long at = 0; ; ) {
      z = zero.endingBehind(at, z);
      d = doubt.endingBehind(at, d);
      final long ofPiece = piece < pieces ? windowOf(order[piece]) : Long.MAX_VALUE;
      final long next = Math.min(ofPiece, Math.min(zero.next(z, at), doubt.next(d, at)));
      if (next == Long.MAX_VALUE) {
        return;
      }
      at = WindowStack.windowOf(next);
      final long same = Math.min(ofPiece, Math.min(zero.sameUntil(z, at), doubt.sameUntil(d, at)));
      final long end = WindowStack.windowOf(same);
      if (end > at) { // whole windows without a piece
        final boolean isZero = zero.holds(z, at);
        final boolean inDoubt = doubt.holds(d, at) && !(isZero && zero.age(z) > doubt.age(d));
        writer.add(at, end, isZero, inDoubt ? WHOLE_BLOCK : 0);
        at = end;
      } else {
        int behind = piece;
        while (behind < pieces && windowOf(order[behind]) == at) {
          behind++;
        }
        window.begin(at);
        apply(order, piece, behind, rangesOfWindow(zero, z, doubt, d));
        writer.add(window);
        piece = behind;
        at = window.end();
      }
    }
  }

  private static long windowOf(final long ordered) {
    return (ordered >>> INDEX_BITS) * WindowStack.WINDOW_BLOCKS;
  }

  private record Range(long from, long to, long age, boolean isZero) {
    /** How many pieces are older. */
    long pieces() {
      return age >>> Integer.SIZE;
    }
  }

  /** Those that reach into the window, newest first. */
  private List<Range> rangesOfWindow(
      final DatedRanges zero, final int z, final DatedRanges doubt, final int d) {
    final List<Range> found = new ArrayList<>();
    for (int i = z; i < zero.count() && zero.from(i) < window.end(); i++) {
      found.add(new Range(zero.from(i), zero.to(i), zero.age(i), true));
    }
    for (int i = d; i < doubt.count() && doubt.from(i) < window.end(); i++) {
      found.add(new Range(doubt.from(i), doubt.to(i), doubt.age(i), false));
    }
    found.sort(Comparator.comparingLong(Range::age).reversed());
    return found;
  }

  /** Newest first. */
  private void apply(final long[] order, final int from, final int to, final List<Range> found) {
    int next = 0;
    for (int i = to - 1; i >= from; i--) {
      final int piece = (int) order[i] & MOST_OPERATIONS - 1;
      while (next < found.size() && found.get(next).pieces() > piece) {
        apply(found.get(next++));
      }
      window.piece(block[piece], mask[piece] & WHOLE_BLOCK, ref[piece]);
    }
    found.subList(next, found.size()).forEach(this::apply);
  }

  private void apply(final Range range) {
    if (range.isZero) {
      window.zero(range.from, range.to);
    } else {
      window.doubt(range.from, range.to, WHOLE_BLOCK);
    }
  }

  /**
   * Writes one run in place of several.
   *
   * @param runs side by side, oldest first
   * @param out stays the caller's; should be buffered
   * @return what it covers
   * @throws IndexException when one of them is damaged
   * @throws IllegalArgumentException when they are not side by side
   */
  public static RunCover merge(
      final List<RunReader> runs, final WindowStack window, final OutputStream out)
      throws IOException {
    RunCover all = runs.get(0).cover();
    for (final RunReader run : runs.subList(1, runs.size())) {
      all = all.and(run.cover());
    }
    final RunWriter writer = new RunWriter(out);
    for (long at = next(runs, 0); at != Long.MAX_VALUE; ) {
      final long end = WindowStack.windowOf(sameUntil(runs, at));
      if (end > at) {
        addSame(runs, at, end, writer);
        at = next(runs, end);
        continue;
      }
      window.begin(at);
      for (int i = runs.size() - 1; i >= 0; i--) {
        final RunReader run = runs.get(i);
        run.feed(window, run.cover().firstSegment() - all.firstSegment());
      }
      writer.add(window);
      at = next(runs, window.end());
    }
    final long first = all.firstSegment();
    writer.finish(
        all,
        sink -> {
          for (final RunReader run : runs) {
            run.digests(sink);
          }
        },
        sink -> eachEvent(runs, first, sink));
    return all;
  }

  /**
   * The events of runs side by side, as a run of all of them has them.
   *
   * @param firstSegment of that
   */
  static void eachEvent(
      final List<RunReader> runs, final long firstSegment, final RunWriter.Sink sink)
      throws IOException {
    for (final RunReader run : runs) {
      final long shift = run.cover().firstSegment() - firstSegment;
      run.storedEvents(
          some -> {
            for (int at = some.position(); at < some.limit(); at += RunDescriptor.EVENT_BYTES) {
              some.putLong(at, RecordRef.shifted(some.getLong(at), shift));
            }
            sink.take(some);
          });
    }
  }

  private static long sameUntil(final List<RunReader> runs, final long block) throws IOException {
    long same = Long.MAX_VALUE;
    for (int i = 0; i < runs.size() && same >= block + WindowStack.WINDOW_BLOCKS; i++) {
      same = Math.min(same, runs.get(i).sameUntil(block));
    }
    return same;
  }

  /** Adds whole windows without a piece, of which no run changes its mind. */
  private static void addSame(
      final List<RunReader> runs, final long from, final long to, final RunWriter writer)
      throws IOException {
    int inDoubt = 0;
    boolean isZero = false;
    for (int i = runs.size() - 1; i >= 0 && !isZero; i--) {
      inDoubt |= runs.get(i).doubtOf(from);
      isZero = runs.get(i).isZero(from);
    }
    writer.add(from, to, isZero, inDoubt);
  }

  /** The first window from a block on of which any of some runs says something. */
  public static long next(final List<RunReader> runs, final long fromBlock) throws IOException {
    long next = Long.MAX_VALUE;
    for (int i = 0; i < runs.size() && next > fromBlock; i++) { // no other can be nearer than that
      next = Math.min(next, runs.get(i).nextWindow(fromBlock));
    }
    return next;
  }
}
