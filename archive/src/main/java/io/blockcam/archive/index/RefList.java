package io.blockcam.archive.index;

import java.io.IOException;
import java.util.Arrays;

/** Values and the records that have them, in memory until they are sorted. One thread. */
final class RefList {
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

  /** Hands out all, by their values; of the same value as they were added: as in the record. */
  void eachSorted(final RefCursor.Sink sink) throws IOException {
    final int[] order = new int[count];
    for (int i = 0; i < count; i++) {
      order[i] = i;
    }
    int[] from = order;
    int[] to = new int[count];
    for (int width = 1; width < count; width = width > count / 2 ? count : 2 * width) {
      for (int at = 0; at < count; at += 2 * width) {
        merge(from, to, at, Math.min(at + width, count), Math.min(at + 2 * width, count));
      }
      final int[] other = from;
      from = to;
      to = other;
    }
    for (int i = 0; i < count; i++) {
      sink.take(values[from[i]], refs[from[i]], more[from[i]]);
    }
  }

  private void merge(
      final int[] from, final int[] to, final int first, final int middle, final int end) {
    int left = first;
    int right = middle;
    for (int at = first; at < end; at++) {
      final boolean takesLeft =
          left < middle && (right >= end || values[from[left]] <= values[from[right]]);
      to[at] = takesLeft ? from[left++] : from[right++];
    }
  }
}
