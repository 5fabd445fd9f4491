package io.blockcam.archive.index;

import java.util.Arrays;
import java.util.Comparator;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;

/**
 * Ranges of blocks of which records say the same, each with an age: the higher, the newer. They are
 * not cut at windows: a disk that is wiped is one range, however large. One thread.
 */
final class DatedRanges {
  private int count;
  private long[] from = new long[16];
  private long[] to = new long[16];
  private long[] age = new long[16];

  int count() {
    return count;
  }

  long from(final int i) {
    return from[i];
  }

  long to(final int i) {
    return to[i];
  }

  long age(final int i) {
    return age[i];
  }

  void add(final long first, final long end, final long itsAge) {
    if (count == from.length) {
      from = Arrays.copyOf(from, 2 * count);
      to = Arrays.copyOf(to, 2 * count);
      age = Arrays.copyOf(age, 2 * count);
    }
    from[count] = first;
    to[count] = end;
    age[count] = itsAge;
    count++;
  }

  /**
   * Makes the one that was added last longer, if it ends where another begins and has that age.
   *
   * @return whether it did
   */
  boolean extend(final long first, final long end, final long itsAge) {
    if (count == 0 || to[count - 1] != first || age[count - 1] != itsAge) {
      return false;
    }
    to[count - 1] = end;
    return true;
  }

  /** Forgets all. */
  void clear() {
    count = 0;
  }

  /**
   * Of each block the newest of these ranges, which were added in the order of their age: what an
   * older one says as well changes nothing.
   *
   * @return in the order of the blocks; they do not overlap
   */
  DatedRanges newest() {
    final TreeMap<Long, Long> covered = new TreeMap<>(); // these neither touch nor overlap
    final DatedRanges visible = new DatedRanges();
    for (int i = count - 1; i >= 0; i--) {
      long first = from[i];
      long end = to[i];
      long at = first;
      Map.Entry<Long, Long> other = covered.floorEntry(first);
      if (other == null || other.getValue() < first) {
        other = covered.ceilingEntry(first);
      }
      while (other != null && other.getKey() <= end) {
        if (other.getKey() > at) {
          visible.add(at, other.getKey(), age[i]);
        }
        at = Math.max(at, other.getValue());
        first = Math.min(first, other.getKey());
        end = Math.max(end, other.getValue());
        covered.remove(other.getKey());
        other = covered.ceilingEntry(other.getKey());
      }
      if (at < to[i]) {
        visible.add(at, to[i], age[i]);
      }
      covered.put(first, end);
    }
    return visible.inOrder();
  }

  private DatedRanges inOrder() {
    final DatedRanges sorted = new DatedRanges();
    IntStream.range(0, count)
        .boxed()
        .sorted(Comparator.comparingLong(i -> from[i]))
        .forEach(i -> sorted.add(from[i], to[i], age[i]));
    return sorted;
  }

  // Of ranges that are in order and do not overlap; i is that which endingBehind has found.

  /**
   * The first that ends behind a block.
   *
   * @param hint one that does not lie behind the block
   */
  int endingBehind(final long block, final int hint) {
    int i = hint;
    while (i < count && to[i] <= block) {
      i++;
    }
    return i;
  }

  /** Whether a block is in a range. */
  boolean holds(final int i, final long block) {
    return i < count && from[i] <= block;
  }

  /** The first block from one on that is in a range; {@link Long#MAX_VALUE} when there is none. */
  long next(final int i, final long block) {
    return i < count ? Math.max(block, from[i]) : Long.MAX_VALUE;
  }

  /** Up to where the blocks from one on are all in a range, or none of them is. */
  long sameUntil(final int i, final long block) {
    if (i == count) {
      return Long.MAX_VALUE;
    }
    return from[i] <= block ? to[i] : from[i];
  }
}
