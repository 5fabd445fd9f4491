package io.blockcam.archive.hash;

import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * Shannon entropy of the bytes that were written to a block, normalized: 0 when all are the same, 1
 * when each value is as frequent as any other. Of 4096 random bytes it is some 0.994. One thread at
 * a time.
 */
public final class Entropy {
  private static final int VALUES = 256;
  private static final double MOST_BITS = 8;

  private final int[] counts = new int[VALUES];

  /**
   * Computes it.
   *
   * @param block whose sectors begin at its position; is left as it was
   * @param sectorMask which of them count, from the lowest bit on; at least one
   */
  public double of(final ByteBuffer block, final int sectorMask) {
    Arrays.fill(counts, 0);
    int bytes = 0;
    for (int mask = sectorMask; mask != 0; mask &= mask - 1) {
      final int from =
          block.position() + Integer.numberOfTrailingZeros(mask) * SectorHash.SECTOR_BYTES;
      for (int at = from; at < from + SectorHash.SECTOR_BYTES; at++) {
        counts[block.get(at) & 0xff]++;
      }
      bytes += SectorHash.SECTOR_BYTES;
    }
    double bits = 0;
    for (final int count : counts) {
      if (count > 0) {
        final double share = (double) count / bytes;
        bits -= share * Math.log(share) / Math.log(2);
      }
    }
    return Math.max(0, bits / MOST_BITS); // and never -0
  }
}
