package io.blockcam.archive.index;

import java.io.IOException;
import java.util.Arrays;

/** Values and the records that have them, in memory until they are sorted. One thread. */
final class RefList {
  private static final int INDEX_BITS = 24;

  /** Of a value, beside an index, in a number that is not negative. */
  private static final int VALUE_BITS = Long.SIZE - 1 - INDEX_BITS;

  private long[] values = new long[1024];
  private long[] refs = new long[1024];
  private int[] more = new int[1024];
  private int count;

  void add(final long value, final long ref, final int moreBlocks) {
    if (count == values.length) {
      final int size = Math.multiplyExact(count, 2);
      values = Arrays.copyOf(values, size);
      refs = Arrays.copyOf(refs, size);
      more = Arrays.copyOf(more, size);
    }
    values[count] = value;
    refs[count] = ref;
    more[count++] = moreBlocks;
  }

  int count() {
    return count;
  }

  void clear() {
    count = 0;
  }

  /**
   * Hands out all, by their values; of the same value as they were added: as in the record.
   *
   * @throws IllegalStateException when there are more than 2^{@value #INDEX_BITS}
   */
  void eachSorted(final RefCursor.Sink sink) throws IOException {
    if (count > 1 << INDEX_BITS) {
      throw new IllegalStateException(count + " references");
    }
    long all = 0;
    for (int i = 0; i < count; i++) {
      all |= values[i];
    }
    // What of a value there is room for, and the index: one sort of numbers.
    final int shift = Math.max(0, Long.SIZE - Long.numberOfLeadingZeros(all) - VALUE_BITS);
    final long[] order = new long[count];
    for (int i = 0; i < count; i++) {
      order[i] = values[i] >>> shift << INDEX_BITS | i;
    }
    Arrays.sort(order);
    if (shift > 0) {
      sortBehind(order);
    }
    for (final long each : order) {
      final int i = index(each);
      sink.take(values[i], refs[i], more[i]);
    }
  }

  /** Where the upper bits are the same, the others decide: few stand side by side. */
  private void sortBehind(final long[] order) {
    for (int at = 1; at < order.length; at++) {
      final long each = order[at];
      int to = at;
      while (to > 0
          && order[to - 1] >>> INDEX_BITS == each >>> INDEX_BITS
          && values[index(order[to - 1])] > values[index(each)]) {
        order[to] = order[to - 1];
        to--;
      }
      order[to] = each;
    }
  }

  private static int index(final long ordered) {
    return (int) ordered & (1 << INDEX_BITS) - 1;
  }
}
