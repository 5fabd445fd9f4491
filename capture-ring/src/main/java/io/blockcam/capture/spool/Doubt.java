package io.blockcam.capture.spool;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;

/**
 * Blocks of which disk and record may hold different things. It stands, in the spool's {@code
 * doubt}, until what the disk holds is in the record, so that no crash in between makes anybody
 * forget it.
 *
 * @param ranges sorted, none touching another
 */
public record Doubt(List<Range> ranges) {

  /** There is none. */
  public static final Doubt NONE = new Doubt(List.of());

  /** More of them are joined to fewer and larger ones: to read too much does no harm. */
  public static final int MOST_RANGES = 1 << 16;

  /**
   * Blocks side by side.
   *
   * @param block the first
   * @param blocks how many, at least 1
   */
  public record Range(long block, long blocks) {

    /** Checks the ranges. */
    public Range {
      if (block < 0 || blocks < 1 || blocks > Long.MAX_VALUE - block) {
        throw new IllegalArgumentException("blocks %d + %d".formatted(block, blocks));
      }
    }

    long end() {
      return block + blocks;
    }
  }

  /** Sorts the ranges and joins those that touch, or lie near to each other if they are many. */
  public Doubt {
    ranges =
        joinedTo(
            joined(ranges.stream().sorted(Comparator.comparing(Range::block)).toList(), 0),
            MOST_RANGES);
  }

  /** With those joined that lie near to each other, until there are so many. */
  public Doubt joinedTo(final int most) {
    return new Doubt(joinedTo(ranges, most));
  }

  private static List<Range> joinedTo(final List<Range> sorted, final int most) {
    List<Range> ranges = sorted;
    for (long gap = 1; ranges.size() > most; gap *= 2) {
      ranges = joined(ranges, gap);
    }
    return ranges;
  }

  private static List<Range> joined(final List<Range> sorted, final long gap) {
    final List<Range> joined = new ArrayList<>();
    for (final Range range : sorted) {
      if (!joined.isEmpty() && range.block() - gap <= joined.getLast().end()) {
        final Range before = joined.removeLast();
        final long end = Math.max(before.end(), range.end());
        joined.add(new Range(before.block(), end - before.block()));
      } else {
        joined.add(range);
      }
    }
    return List.copyOf(joined);
  }

  /**
   * The blocks of some units of the disk; those that lie near to each other as one, if there are
   * too many.
   *
   * @param unitBlocks blocks of a unit; the last one may reach beyond the end of the disk
   * @param diskBlocks blocks of the disk
   */
  public static Doubt ofUnits(final BitSet units, final long unitBlocks, final long diskBlocks) {
    for (int gap = 1; ; gap *= 2) {
      final List<Range> ranges = new ArrayList<>();
      for (int from = units.nextSetBit(0); from >= 0 && ranges.size() <= MOST_RANGES; ) {
        int end = units.nextClearBit(from);
        int next = units.nextSetBit(end);
        while (next >= 0 && next - end < gap) {
          end = units.nextClearBit(next);
          next = units.nextSetBit(end);
        }
        final long block = from * unitBlocks;
        ranges.add(new Range(block, Math.min(end * unitBlocks, diskBlocks) - block));
        from = next;
      }
      if (ranges.size() <= MOST_RANGES) {
        return new Doubt(ranges);
      }
    }
  }

  /** This doubt and another. */
  public Doubt plus(final Doubt other) {
    final List<Range> both = new ArrayList<>(ranges);
    both.addAll(other.ranges);
    return new Doubt(both);
  }

  /**
   * So many blocks of it, from the beginning of the disk on; all if it has no more.
   *
   * @param blocks at least 0
   */
  public Doubt first(final long blocks) {
    final List<Range> first = new ArrayList<>();
    long left = blocks;
    for (final Range range : ranges) {
      if (left > 0) {
        first.add(new Range(range.block(), Math.min(left, range.blocks())));
        left -= range.blocks();
      }
    }
    return new Doubt(first);
  }

  /** What {@link #first} leaves. */
  public Doubt without(final long blocks) {
    final List<Range> rest = new ArrayList<>();
    long left = blocks;
    for (final Range range : ranges) {
      if (left <= 0) {
        rest.add(range);
      } else if (left < range.blocks()) {
        rest.add(new Range(range.block() + left, range.blocks() - left));
      }
      left -= range.blocks();
    }
    return new Doubt(rest);
  }

  /** Whether there is none. */
  public boolean isEmpty() {
    return ranges.isEmpty();
  }

  /** How many blocks. */
  public long blocks() {
    return ranges.stream().mapToLong(Range::blocks).sum();
  }
}
