package io.blockcam.ublk.target;

/** How a target makes a range read back as zeroes, and so what the device offers its users. */
public enum Zeroing {

  /** Not at all: neither DISCARD nor WRITE_ZEROES. */
  NONE(0, 0),

  /**
   * By writing them. No DISCARD: mkfs would write all of the disk with it, and none of it would be
   * given back. WRITE_ZEROES in pieces of 4 MiB, which keep other writes out for a few
   * milliseconds.
   */
  WRITTEN(0, (4 << 20) / Geometry.SECTOR_BYTES),

  /** By giving the room back, whatever the length. */
  PUNCHED(Zeroing.MAX_SECTORS, Zeroing.MAX_SECTORS);

  /**
   * The kernel counts discarded bytes in 32 bits in places (blk_bio_discard_limit before 6.11), so
   * ranges stay below 4 GiB and whole blocks.
   */
  private static final int MAX_SECTORS = (int) (0xffff_ffffL >>> 9) & ~7;

  private final int maxDiscardSectors;
  private final int maxWriteZeroesSectors;

  Zeroing(final int maxDiscardSectors, final int maxWriteZeroesSectors) {
    this.maxDiscardSectors = maxDiscardSectors;
    this.maxWriteZeroesSectors = maxWriteZeroesSectors;
  }

  /** Longest DISCARD, in 512-byte sectors; 0: none is served. */
  public int maxDiscardSectors() {
    return maxDiscardSectors;
  }

  /** Longest WRITE_ZEROES, in 512-byte sectors; 0: none is served. */
  public int maxWriteZeroesSectors() {
    return maxWriteZeroesSectors;
  }
}
