package io.blockcam.capture.ring;

import java.util.concurrent.atomic.AtomicLongArray;

/** Bits that any thread sets and clears, each for itself. */
final class AtomicBits {

  private final AtomicLongArray words;

  /** All of them clear. */
  AtomicBits(final int bits) {
    words = new AtomicLongArray((bits + Long.SIZE - 1) / Long.SIZE);
  }

  void set(final int bit) {
    final long mask = 1L << bit;
    final int word = bit / Long.SIZE;
    long was = words.get(word);
    while ((was & mask) == 0 && !words.compareAndSet(word, was, was | mask)) {
      was = words.get(word);
    }
  }

  void clear(final int bit) {
    final long mask = 1L << bit;
    final int word = bit / Long.SIZE;
    long was = words.get(word);
    while ((was & mask) != 0 && !words.compareAndSet(word, was, was & ~mask)) {
      was = words.get(word);
    }
  }

  /**
   * The first bit that is set, from one on.
   *
   * @return -1 when there is none
   */
  int next(final int from) {
    long left = -1L << from; // of the first word; a shift takes the last six bits of its distance
    for (int word = from / Long.SIZE; word < words.length(); word++) {
      left &= words.get(word);
      if (left != 0) {
        return word * Long.SIZE + Long.numberOfTrailingZeros(left);
      }
      left = -1L;
    }
    return -1;
  }
}
