package io.blockcam.replay;

/**
 * Ranges of blocks that come in order: how many there are, and which the first ones are. However
 * many come, memory is bounded. One thread.
 */
public final class RangeTally {
  /** So many are kept. */
  public static final int MOST_KEPT = 1000;

  private final BlockRanges first = new BlockRanges();
  private long blocks;
  private long count;
  private long end = -1;

  /** Adds one; it does not begin before the end of the one before. */
  void add(final long from, final long to) {
    if (from >= to) {
      return;
    }
    count += from == end ? 0 : 1;
    blocks += to - from;
    end = to;
    if (count <= MOST_KEPT) {
      first.add(from, to - from);
    }
  }

  /** Blocks of all ranges. */
  public long blocks() {
    return blocks;
  }

  /** Ranges, those that touch counted as one. */
  public long count() {
    return count;
  }

  /** The first {@value #MOST_KEPT} of them. */
  public BlockRanges first() {
    return first;
  }

  public boolean isEmpty() {
    return blocks == 0;
  }
}
