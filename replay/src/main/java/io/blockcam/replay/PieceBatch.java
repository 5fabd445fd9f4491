package io.blockcam.replay;

import io.blockcam.archive.index.RecordRef;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Pieces that are to be fetched together, in the order of their blocks. One thread fills it. */
final class PieceBatch {
  /** Pieces that can be told apart while they are sorted. */
  private static final int INDEX_BITS = 20;

  /** As many as it can hold. */
  static final int MOST = 1 << INDEX_BITS;

  private int count;
  private long[] block = new long[256];
  private long[] ref = new long[256];
  private byte[] mask = new byte[256];

  /** Pieces of one segment: their places in the batch, in the order of the records. */
  record OfSegment(long segment, int[] pieces) {}

  int count() {
    return count;
  }

  long block(final int piece) {
    return block[piece];
  }

  int mask(final int piece) {
    return mask[piece] & 0xff;
  }

  int record(final int piece) {
    return RecordRef.record(ref[piece]);
  }

  void clear() {
    count = 0;
  }

  /** Adds pieces of a window. */
  void add(final WindowMap window, final int from, final int to) {
    final int size = count + to - from;
    if (size > MOST) {
      throw new IllegalArgumentException("a batch has no room for " + size + " pieces");
    }
    if (size > block.length) {
      final int length = Math.max(size, 2 * block.length);
      block = Arrays.copyOf(block, length);
      ref = Arrays.copyOf(ref, length);
      mask = Arrays.copyOf(mask, length);
    }
    for (int i = from; i < to; i++) {
      block[count] = window.block(i);
      ref[count] = window.ref(i);
      mask[count] = (byte) window.mask(i);
      count++;
    }
  }

  /**
   * The pieces by their segments.
   *
   * @param firstSegment that references count from
   */
  List<OfSegment> bySegment(final long firstSegment) {
    final long[] order = new long[count];
    for (int i = 0; i < count; i++) {
      // 26 bits of segment, 18 of record, 20 of place: the sign is part of the first.
      order[i] = (ref[i] >>> 2 << INDEX_BITS | i) ^ Long.MIN_VALUE;
    }
    Arrays.sort(order);
    final List<OfSegment> groups = new ArrayList<>();
    for (int from = 0; from < count; ) {
      final long segment = RecordRef.segment(ref[place(order[from])]);
      int to = from;
      while (to < count && RecordRef.segment(ref[place(order[to])]) == segment) {
        to++;
      }
      final int[] pieces = new int[to - from];
      for (int i = from; i < to; i++) {
        pieces[i - from] = place(order[i]);
      }
      groups.add(new OfSegment(firstSegment + segment, pieces));
      from = to;
    }
    return groups;
  }

  private static int place(final long ordered) {
    return (int) ordered & (MOST - 1);
  }
}
