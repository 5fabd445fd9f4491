package io.blockcam.archive.hash;

import com.dynatrace.hash4j.hashing.Hasher64;
import com.dynatrace.hash4j.hashing.Hashing;

/**
 * XXH3-64 (seed 0) of a 512-byte sector: what a search for known files looks up. Not proof against
 * somebody who wants two sectors to collide, so whoever finds one compares the bytes.
 */
public final class SectorHash {
  /** Bytes of a sector. */
  public static final int SECTOR_BYTES = 512;

  /** Bytes of the eight hashes of a block. */
  public static final int BLOCK_HASHES_BYTES = 64;

  /** Hash of 512 zero bytes. */
  public static final long ZERO_SECTOR = 0xb298_7a9d_949e_807cL;

  private static final Hasher64 XXH3 = Hashing.xxh3_64();

  private SectorHash() {}

  /** Hash of the 512 bytes at {@code offset}. */
  public static long of(final byte[] bytes, final int offset) {
    return XXH3.hashBytesToLong(bytes, offset, SECTOR_BYTES);
  }
}
