package io.blockcam.archive.index;

import java.util.Arrays;

/**
 * A set of blocks of a window. Unlike a BitSet it costs what it holds, not the window: a word of a
 * summary says which 64 words hold anything. One thread.
 */
final class BlockSet {
  private final long[] words = new long[WindowStack.WINDOW_BLOCKS / Long.SIZE];
  private final long[] summary = new long[words.length / Long.SIZE];

  void set(final int i) {
    words[i >>> 6] |= 1L << i;
    summary[i >>> 12] |= 1L << (i >>> 6);
  }

  /** Sets from one to before another. */
  void set(final int from, final int to) {
    for (int i = from; i < to; ) {
      final int end = Math.min(to, (i | Long.SIZE - 1) + 1);
      // The upper bits from i on, without those from end on.
      words[i >>> 6] |= (-1L << i) & (-1L >>> -end);
      summary[i >>> 12] |= 1L << (i >>> 6);
      i = end;
    }
  }

  void addAll(final BlockSet other) {
    for (int i = other.nextSet(0); i >= 0; ) {
      final int end = other.nextClear(i);
      set(i, end);
      i = other.nextSet(end);
    }
  }

  boolean isEmpty() {
    return nextSet(0) < 0;
  }

  /** The first from one on that is in the set; -1 when there is none. */
  int nextSet(final int from) {
    if (from >= WindowStack.WINDOW_BLOCKS) {
      return -1;
    }
    int word = from >>> 6;
    final long here = words[word] & -1L << from;
    if (here != 0) {
      return (word << 6) + Long.numberOfTrailingZeros(here);
    }
    word++;
    for (int group = word >>> 6; group < summary.length; group++) {
      long present = summary[group];
      if (group == word >>> 6) {
        present &= -1L << word;
      }
      if (present != 0) {
        final int found = (group << 6) + Long.numberOfTrailingZeros(present);
        return (found << 6) + Long.numberOfTrailingZeros(words[found]);
      }
    }
    return -1;
  }

  /** The first from one on that is not in the set; behind the window when there is none. */
  int nextClear(final int from) {
    if (from >= WindowStack.WINDOW_BLOCKS) {
      return WindowStack.WINDOW_BLOCKS;
    }
    int word = from >>> 6;
    long missing = ~words[word] & -1L << from;
    while (missing == 0) {
      word++;
      if (word == words.length) {
        return WindowStack.WINDOW_BLOCKS;
      }
      missing = ~words[word];
    }
    return (word << 6) + Long.numberOfTrailingZeros(missing);
  }

  void clear() {
    for (int group = 0; group < summary.length; group++) {
      for (long present = summary[group]; present != 0; present &= present - 1) {
        words[(group << 6) + Long.numberOfTrailingZeros(present)] = 0;
      }
    }
    Arrays.fill(summary, 0);
  }
}
