package io.blockcam.replay;

import static io.blockcam.archive.record.RecordDescriptor.BLOCK_BYTES;

import java.util.Arrays;

/** Parts of a disk that neither touch nor overlap, in their order. Does not change. */
final class ByteRanges {
  /** First byte, byte behind the last, and so on. */
  private final long[] bounds;

  private ByteRanges(final long[] bounds) {
    this.bounds = bounds;
  }

  /** The blocks of a batch, as far as they lie on the disk. */
  static ByteRanges of(final PieceBatch batch, final long diskBytes) {
    long[] bounds = new long[64];
    int length = 0;
    for (int i = 0; i < batch.count(); ) {
      final long from = batch.block(i);
      long to = from + 1;
      while (i < batch.count() && batch.block(i) <= to) {
        to = batch.block(i) + 1;
        i++;
      }
      if (length == bounds.length) {
        bounds = Arrays.copyOf(bounds, 2 * length);
      }
      bounds[length++] = from * BLOCK_BYTES;
      bounds[length++] = Math.min(to * BLOCK_BYTES, diskBytes);
    }
    return new ByteRanges(Arrays.copyOf(bounds, length));
  }

  int count() {
    return bounds.length / 2;
  }

  /** The first byte of one. */
  long from(final int range) {
    return bounds[2 * range];
  }

  /** The byte behind the last of one. */
  long to(final int range) {
    return bounds[2 * range + 1];
  }
}
