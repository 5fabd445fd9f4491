package io.blockcam.filesearch;

import io.blockcam.filesearch.Candidates.Stretch;
import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;

/**
 * The blocks of a disk on which files may lie, in order, each as often as stretches touch it. Most
 * records are of other blocks: one look at a bit says so. Immutable.
 */
final class Blocks {
  /** Stretches that there may be. */
  static final int MOST_STRETCHES = 1 << 24;

  private static final int STRETCH_BITS = 24;
  private static final long SPREAD = 0x9E37_79B9_7F4A_7C15L;

  /** Bits of the filter for each block: one of 16 others passes. */
  private static final int FILTER_FACTOR_LOG = 4;

  /** A block, and the stretch that touches it. */
  private final long[] pairs;

  private final long[] filter;
  private final int filterShift;

  /**
   * @param stretches as many as {@value #MOST_STRETCHES} of a disk of 2 PiB
   */
  Blocks(final List<Stretch> stretches) {
    long count = 0;
    for (final Stretch stretch : stretches) {
      count += last(stretch) - first(stretch) + 1;
    }
    pairs = new long[Math.toIntExact(count)];
    int next = 0;
    for (int i = 0; i < stretches.size(); i++) {
      for (long block = first(stretches.get(i)); block <= last(stretches.get(i)); block++) {
        pairs[next++] = block << STRETCH_BITS | i;
      }
    }
    Arrays.sort(pairs);
    final int bits = Math.max(1, Integer.SIZE - Integer.numberOfLeadingZeros(pairs.length));
    filterShift = Long.SIZE - Math.min(31, bits + FILTER_FACTOR_LOG);
    filter = new long[1 << Math.max(0, Long.SIZE - filterShift - 6)];
    for (final long pair : pairs) {
      final int bit = bit(pair >>> STRETCH_BITS);
      filter[bit >>> 6] |= 1L << bit;
    }
  }

  private static long first(final Stretch stretch) {
    return stretch.firstDiskSector() / Tracker.BLOCK_SECTORS;
  }

  private static long last(final Stretch stretch) {
    return (stretch.endDiskSector() - 1) / Tracker.BLOCK_SECTORS;
  }

  private int bit(final long block) {
    return (int) (block * SPREAD >>> filterShift);
  }

  /** Whether one of them may be in a run of blocks. */
  boolean mayHave(final long block, final long runBlocks) {
    final int bit = bit(block);
    return runBlocks > 1 || (filter[bit >>> 6] & 1L << bit) != 0;
  }

  int count() {
    return pairs.length;
  }

  /** All of them, each once, in order. */
  long[] distinct() {
    return LongStream.of(pairs).map(pair -> pair >>> STRETCH_BITS).distinct().toArray();
  }

  long block(final int i) {
    return pairs[i] >>> STRETCH_BITS;
  }

  /** Index of the stretch that touches it there. */
  int stretch(final int i) {
    return (int) pairs[i] & MOST_STRETCHES - 1;
  }

  /** The first one of a block, or of one behind it. */
  int from(final long block) {
    int low = 0;
    int high = pairs.length;
    while (low < high) {
      final int middle = (low + high) >>> 1;
      if (block(middle) < block) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }
}
