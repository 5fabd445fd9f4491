package io.blockcam.history;

import java.util.BitSet;
import java.util.PrimitiveIterator;
import java.util.stream.LongStream;

/** Numbers of segments, a bit for each: a long recording has millions. One thread. */
public final class SegmentSet {
  private final long base;
  private final BitSet bits = new BitSet();

  /**
   * Makes an empty one.
   *
   * @param base the lowest number that there may be
   */
  public SegmentSet(final long base) {
    this.base = base;
  }

  /** Adds one. */
  public void add(final long number) {
    bits.set(index(number));
  }

  /**
   * Adds some side by side.
   *
   * @param end the number behind the last one
   */
  public void add(final long first, final long end) {
    if (first < end) {
      bits.set(index(first), index(end));
    }
  }

  /** Adds those of another one. */
  public void add(final SegmentSet other) {
    other.stream().forEach(this::add);
  }

  /** Takes those out that have this number or a higher one. */
  public void removeFrom(final long end) {
    if (end <= base) {
      bits.clear();
    } else if (end - base < bits.length()) {
      bits.clear(index(end), bits.length());
    }
  }

  /** Takes those of another one out. */
  public void remove(final SegmentSet other) {
    other.stream().filter(this::contains).forEach(number -> bits.clear(index(number)));
  }

  /** Whether one is in it. */
  public boolean contains(final long number) {
    return number >= base && bits.get(index(number));
  }

  /** How many are. */
  public int count() {
    return bits.cardinality();
  }

  /** All of them, in order. */
  public LongStream stream() {
    return bits.stream().mapToLong(i -> base + i);
  }

  /** The same, one by one. */
  public PrimitiveIterator.OfLong iterator() {
    return stream().iterator();
  }

  private int index(final long number) {
    return Math.toIntExact(number - base);
  }
}
