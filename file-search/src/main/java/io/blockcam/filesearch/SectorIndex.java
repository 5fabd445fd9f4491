package io.blockcam.filesearch;

import java.util.Arrays;
import java.util.BitSet;

/**
 * Where a sector hash is among those that are looked for. Most hashes of a record are not: one look
 * at a bit says so. Immutable, safe for several threads.
 *
 * <p>A key is the upper 39 bits of a hash, and the place of the sector: sorted in one array, so
 * that neither the sort nor the search needs anything else. What agrees in these bits is compared.
 */
final class SectorIndex {
  /** Sectors that there may be: of files of 16 GiB. */
  static final int MOST_SECTORS = 1 << 25;

  private static final int PLACE_BITS = 25;

  /** Bits of the filter for each key: one of 32 foreign hashes passes. */
  private static final int FILTER_FACTOR_LOG = 5;

  private final long[] hashes;
  private final long[] keys;

  /** Of hashes by their upper bits. */
  private final long[] filter;

  private final int filterShift;

  /** Where the keys with the same upper bits begin; one more than there are such bits. */
  private final int[] starts;

  private final int startShift;

  /** Takes what is found. */
  @FunctionalInterface
  interface Sink {
    /**
     * A sector of this hash.
     *
     * @param place its index among those that the index was made of
     */
    void found(int place);
  }

  /**
   * @param hashes of all sectors; not copied
   * @param wanted which of them are looked for; those that turn out to be shared by too many are
   *     removed from it
   * @param mostShared so many wanted sectors may have the same hash: what more of them have says
   *     nothing of any
   */
  SectorIndex(final long[] hashes, final BitSet wanted, final int mostShared) {
    if (hashes.length > MOST_SECTORS) {
      throw new IllegalArgumentException(hashes.length + " sectors");
    }
    this.hashes = hashes;
    keys = withoutShared(sorted(hashes, wanted), wanted, mostShared);
    final int count = keys.length;
    final int bits = Math.max(1, Integer.SIZE - Integer.numberOfLeadingZeros(count));
    filterShift = Long.SIZE - Math.min(31, bits + FILTER_FACTOR_LOG);
    filter = new long[1 << Math.max(0, Long.SIZE - filterShift - 6)];
    startShift = Long.SIZE - bits;
    starts = new int[(1 << bits) + 1];
    for (final long key : keys) {
      final int bit = (int) (key >>> filterShift);
      filter[bit >>> 6] |= 1L << bit;
      starts[(int) (key >>> startShift) + 1]++;
    }
    for (int i = 1; i < starts.length; i++) {
      starts[i] += starts[i - 1];
    }
  }

  private static long[] sorted(final long[] hashes, final BitSet wanted) {
    final long[] keys = new long[wanted.cardinality()];
    int count = 0;
    for (int place = wanted.nextSetBit(0); place >= 0; place = wanted.nextSetBit(place + 1)) {
      // As if they were unsigned: the upper bits are looked up.
      keys[count++] = (hashes[place] >>> PLACE_BITS << PLACE_BITS | place) ^ Long.MIN_VALUE;
    }
    Arrays.parallelSort(keys);
    for (int i = 0; i < count; i++) {
      keys[i] ^= Long.MIN_VALUE;
    }
    return keys;
  }

  private static long[] withoutShared(
      final long[] keys, final BitSet wanted, final int mostShared) {
    int count = 0;
    for (int from = 0, to; from < keys.length; from = to) {
      to = from + 1;
      while (to < keys.length && keys[to] >>> PLACE_BITS == keys[from] >>> PLACE_BITS) {
        to++;
      }
      for (int i = from; i < to; i++) {
        if (to - from <= mostShared) {
          keys[count++] = keys[i];
        } else {
          wanted.clear((int) keys[i] & MOST_SECTORS - 1);
        }
      }
    }
    return Arrays.copyOf(keys, count);
  }

  /** Whether a hash may be there: most often not. */
  boolean mayHave(final long hash) {
    final int bit = (int) (hash >>> filterShift);
    return (filter[bit >>> 6] & 1L << bit) != 0;
  }

  /** All wanted sectors of a hash, in the order of their places. */
  void find(final long hash, final Sink sink) {
    final int bucket = (int) (hash >>> startShift);
    for (int i = starts[bucket]; i < starts[bucket + 1]; i++) {
      if ((keys[i] ^ hash) >>> PLACE_BITS == 0) {
        final int place = (int) keys[i] & MOST_SECTORS - 1;
        if (hashes[place] == hash) {
          sink.found(place);
        }
      }
    }
  }

  /** How many there are. */
  int size() {
    return keys.length;
  }
}
