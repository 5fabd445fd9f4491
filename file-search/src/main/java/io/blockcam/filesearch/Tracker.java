package io.blockcam.filesearch;

import static io.blockcam.archive.hash.SectorHash.ZERO_SECTOR;

import io.blockcam.archive.Moment;
import io.blockcam.archive.record.RecordDescriptor;
import io.blockcam.archive.record.RecordFlags;
import io.blockcam.archive.record.RecordTable;
import io.blockcam.archive.segment.SegmentRows;
import io.blockcam.archive.segment.SegmentTables;
import io.blockcam.filesearch.Presence.End;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Follows the sectors on which files may lie, record by record from the beginning of the recording,
 * and tells {@link Presence} what comes and goes. One thread.
 */
final class Tracker {
  static final int BLOCK_SECTORS = RecordDescriptor.BLOCK_SECTORS;

  private final TargetSet targets;

  /** By numbers of targets. */
  private final Map<Integer, Followed> followed = new TreeMap<>();

  private final List<Course> courses = new ArrayList<>();
  private final Blocks blocks;

  /** Of blocks of the disk, by their index in {@link #blocks}: what they hold is known. */
  private final BitSet known = new BitSet();

  /** See {@link #isMoved()}. */
  private boolean isMoved;

  /** A file, and all places on which it may lie. */
  private static final class Followed {
    private final Aim aim;
    private final Target target;
    private final Presence presence;
    private final List<Course> courses = new ArrayList<>();

    /** Where it was when it was whole for the first time. */
    private List<Extent> first = List.of();

    /** Where it was when so many of its probative sectors were there as {@link #wanted}. */
    private List<Extent> best = List.of();

    private int wanted;

    Followed(final TargetSet targets, final Aim aim) {
      this.aim = aim;
      this.target = targets.targets().get(aim.target());
      this.presence =
          new Presence(aim.required(), target.sectors(), targets.probativeOf(aim.target()));
    }
  }

  /**
   * @param aims files that are followed
   * @param stretches on which they may lie; those of other files do not count
   */
  Tracker(final TargetSet targets, final List<Aim> aims, final List<Candidates.Stretch> stretches) {
    this.targets = targets;
    for (final Aim aim : aims) {
      followed.put(aim.target(), new Followed(targets, aim));
    }
    for (final Candidates.Stretch stretch : stretches) {
      final Followed file = followed.get(stretch.placement().target());
      if (file != null) {
        final Course course = new Course(stretch, file.aim.required());
        courses.add(course);
        file.courses.add(course);
      }
    }
    blocks = new Blocks(courses.stream().map(course -> course.stretch).toList());
  }

  /** A record that changes something. */
  private record At(Moment moment, long ref) {}

  /** What a sector holds after a record. */
  @FunctionalInterface
  private interface Content {
    /** Whether it is the sector with that hash. */
    boolean is(int sectorOfBlock, long hash);
  }

  /** Whether there is nothing to follow. */
  boolean isIdle() {
    return courses.isEmpty();
  }

  /** The blocks that are followed, each once, in order. */
  long[] blocks() {
    return blocks.distinct();
  }

  /** All of the disk was zero before the first record. */
  void beginsWithZeroes(final Moment created) {
    change(
        0,
        Long.MAX_VALUE,
        RecordDescriptor.WHOLE_BLOCK,
        (sector, hash) -> hash == ZERO_SECTOR,
        new At(created, Course.BEGINNING),
        End.DISCARDED);
  }

  /** Keeps where a file is when so many of its probative sectors are there for the first time. */
  void wantBest(final int target, final int probative) {
    file(target).wanted = probative;
  }

  /** What was there before is of interest only as far as it still is. */
  void forget() {
    for (final Followed file : followed.values()) {
      file.presence.forget();
      file.first = file.presence.isWhole() ? extents(file, /* remembered= */ false) : List.of();
      file.best = List.of();
      for (final Course course : file.courses) {
        course.forget();
        course.whole().forget(0);
      }
      keepBest(file);
    }
  }

  /** A segment cannot be read: what is on the disk after it nobody knows. */
  void lose(final Moment at) {
    change(
        0,
        Long.MAX_VALUE,
        RecordDescriptor.WHOLE_BLOCK,
        (sector, hash) -> false,
        new At(at, Course.UNKNOWN),
        End.LOST);
  }

  /**
   * The records of the next segment, or some of them.
   *
   * @param from the first one
   * @param to the one behind the last
   */
  void add(
      final long segment, final long epoch, final SegmentRows rows, final int from, final int to) {
    final RecordTable records = rows.tables().records();
    isMoved = false;
    for (int i = from; i < to; i++) {
      if (records.kind(i).hasBlocks() && blocks.mayHave(records.block(i), records.runBlocks(i))) {
        add(
            rows.tables(),
            i,
            new At(
                new Moment(epoch, records.sequence(i), records.timestampNs(i)),
                Course.ref(segment, rows.number(i))));
      }
    }
  }

  /** Whether a sector of a file has come or gone with the records that were added last. */
  boolean isMoved() {
    return isMoved;
  }

  private void add(final SegmentTables tables, final int i, final At at) {
    final RecordTable records = tables.records();
    final long block = records.block(i);
    final long end = block + records.runBlocks(i);
    final boolean failed = records.hasFlag(i, RecordFlags.FAILED);
    final int mask = records.sectorMask(i); // also of a discard, of one block
    switch (records.kind(i)) {
      case DATA, BASELINE, RESYNC -> {
        if (failed) {
          change(block, end, mask, (sector, hash) -> false, at, End.LOST);
        } else if (records.hasFlag(i, RecordFlags.ALL_ZERO)) {
          change(block, end, mask, (sector, hash) -> hash == ZERO_SECTOR, at, End.OVERWRITTEN);
        } else {
          final int payload = records.payloadIndex(i);
          change(
              block,
              end,
              mask,
              (sector, hash) -> tables.sectorHash(payload, sector) == hash,
              at,
              End.OVERWRITTEN);
        }
      }
      case ZEROES, DISCARD -> {
        if (failed) {
          change(block, end, mask, (sector, hash) -> false, at, End.LOST);
        } else {
          change(block, end, mask, (sector, hash) -> hash == ZERO_SECTOR, at, End.DISCARDED);
        }
      }
      case GAP -> change(block, end, mask, (sector, hash) -> false, at, End.LOST);
      case BASELINE_DONE -> unknownIsZero(block, end, at);
      default -> {} // changes nothing
    }
  }

  private void unknownIsZero(final long block, final long end, final At at) {
    for (int i = blocks.from(block); i < blocks.count() && blocks.block(i) < end; i++) {
      if (!known.get(i)) {
        change(
            i,
            RecordDescriptor.WHOLE_BLOCK,
            (sector, hash) -> hash == ZERO_SECTOR,
            at,
            End.OVERWRITTEN);
      }
    }
  }

  private void change(
      final long block,
      final long end,
      final int mask,
      final Content content,
      final At at,
      final End how) {
    for (int i = blocks.from(block); i < blocks.count() && blocks.block(i) < end; i++) {
      change(i, mask, content, at, how);
    }
  }

  private void change(
      final int i, final int mask, final Content content, final At at, final End how) {
    known.set(i);
    final Course course = courses.get(blocks.stretch(i));
    final Candidates.Stretch stretch = course.stretch;
    final Followed file = file(stretch.placement().target());
    final long first = blocks.block(i) * BLOCK_SECTORS - stretch.placement().base();
    for (int s = 0; s < BLOCK_SECTORS; s++) {
      final long sector = first + s;
      if ((mask & 1 << s) != 0 && sector >= stretch.from() && sector < stretch.to()) {
        final boolean is = content.is(s, hash(file, (int) sector));
        change(file, course, (int) sector, is, at, how);
      }
    }
  }

  private long hash(final Followed file, final int sector) {
    return file.aim.lastHash().isPresent() && sector == file.target.sectors() - 1
        ? file.aim.lastHash().getAsLong()
        : targets.hash(file.target.place() + sector);
  }

  private void change(
      final Followed file,
      final Course course,
      final int sector,
      final boolean is,
      final At at,
      final End how) {
    final boolean was = course.isThere(sector);
    course.set(sector, is, at.ref, /* remember= */ file.presence.wasWhole());
    isMoved |= is != was;
    if (is && !was) {
      final boolean wasWhole = file.presence.wasWhole();
      course.comes(sector, at.moment);
      file.presence.comes(sector, at.moment);
      if (file.presence.isWhole()) {
        file.courses.forEach(Course::forget);
        if (!wasWhole) {
          file.first = extents(file, /* remembered= */ false);
        }
      }
      keepBest(file);
    } else if (was && !is) {
      course.goes(sector, at.moment, how);
      file.presence.goes(sector, at.moment, how);
    }
    if (file.presence.isWhole()) {
      course.forget(); // it is whole as it is
    }
  }

  private void keepBest(final Followed file) {
    if (file.wanted > 0 && file.best.isEmpty() && file.presence.probativeThere() >= file.wanted) {
      file.best = extents(file, /* remembered= */ false);
    }
  }

  private Followed file(final int target) {
    final Followed file = followed.get(target);
    if (file == null) {
      throw new IllegalArgumentException("target " + target + " is not followed");
    }
    return file;
  }

  /** Whether a file is followed. */
  boolean follows(final int target) {
    return followed.containsKey(target);
  }

  /** Whether its last sector is looked for with something else than zeroes behind its end. */
  boolean hasOtherEnd(final int target) {
    final Followed file = file(target);
    final int last = file.target.sectors() - 1;
    return hash(file, last) != targets.hash(file.target.place() + last);
  }

  /** When a file was there. */
  Presence presence(final int target) {
    return file(target).presence;
  }

  /** When copies of a file in one piece were there. */
  List<Sighting.Copy> copies(final int target) {
    return file(target).courses.stream()
        .filter(course -> !course.whole().isEmpty())
        .map(course -> new Sighting.Copy(course.stretch.placement().base(), course.whole().all()))
        .toList();
  }

  /** Where a file was when it was whole for the first time; empty when it never was. */
  List<Extent> firstExtents(final int target) {
    return file(target).first;
  }

  /** Where it was when it was whole for the last time. */
  List<Extent> lastExtents(final int target) {
    final Followed file = file(target);
    return file.presence.wasWhole()
        ? extents(file, /* remembered= */ !file.presence.isWhole())
        : List.of();
  }

  /** Where it was when as much of it was there as was {@linkplain #wantBest wanted}. */
  List<Extent> bestExtents(final int target) {
    return file(target).best;
  }

  /** Of what is there of it. */
  private static List<Extent> extents(final Followed file, final boolean remembered) {
    final List<Extent> extents = new ArrayList<>();
    Extent last = null;
    Course course = null;
    for (int sector = 0; sector < file.target.sectors(); sector++) {
      final long next = last == null ? -1 : last.diskSector() + last.sectors();
      if (course == null
          || next != course.stretch.placement().base() + sector
          || !course.is(sector, remembered)) {
        course = course(file, sector, next, remembered);
      }
      if (course != null) {
        final Extent here =
            new Extent(
                sector,
                1,
                course.stretch.placement().base() + sector,
                Course.origin(course.ref(sector, remembered)));
        if (last != null && last.continuesIn(here)) {
          last = new Extent(last.sector(), last.sectors() + 1, last.diskSector(), last.origin());
          extents.set(extents.size() - 1, last);
        } else {
          extents.add(here);
          last = here;
        }
      }
    }
    return List.copyOf(extents);
  }

  /**
   * Where a sector is: of several places that behind the sector before it.
   *
   * @param next that place
   */
  private static @Nullable Course course(
      final Followed file, final int sector, final long next, final boolean remembered) {
    final boolean isRequired = file.aim.required().get(sector);
    // With nothing required of it, a last sector that is a part is what stands behind the others.
    final boolean isTail =
        !isRequired && file.target.hasTail() && sector == file.target.sectors() - 1;
    Course found = null;
    for (final Course course : file.courses) {
      final boolean isNext = next == course.stretch.placement().base() + sector;
      if (isNext && isTail && course.ref(sector, remembered) != Course.UNKNOWN) {
        return course;
      }
      if (course.is(sector, remembered)) {
        if (isNext) {
          return course;
        }
        found = found == null ? course : found;
      }
    }
    return isRequired ? found : null;
  }
}
