package io.blockcam.capture.spool;

/**
 * Layout of {@code doubt}, little-endian: sectors of 512 bytes, each with up to 29 ranges of
 * blocks.
 *
 * <pre>
 *   0               8       12      16                              32
 *  +---------------+-------+-------+-------------------------------+
 *  | B L K C A M D O |version| ranges|         recording id          |
 *  +---------------+-------+-------+-------------------------------+
 *  |  first block  |    blocks     |  first block  |    blocks     | ...
 *  32                                                              496
 *  |             zero             |     first sector      | crc32c |
 *  496                            504                     508     512
 * </pre>
 *
 * <p>The first sector is that of those that were written and became durable together. One that is
 * all zero was never written, since a power cut came before; so none that was begun later follows.
 */
final class DoubtLogDescriptor {
  static final int SECTOR_BYTES = 512;

  /** "BLKCAMDO", read as a u64. */
  static final long MAGIC = 0x4f44_4d41_434b_4c42L;

  static final int VERSION = 1;
  static final int MAGIC_OFFSET = 0;
  static final int VERSION_OFFSET = 8;
  static final int RANGES_OFFSET = 12;
  static final int RECORDING_ID_OFFSET = 16;
  static final int FIRST_RANGE_OFFSET = 32;
  static final int RANGE_BYTES = 16;
  static final int MOST_RANGES = 29;

  static final int FIRST_SECTOR_OFFSET = SECTOR_BYTES - 8;

  /** CRC32C of the bytes before it. */
  static final int CRC32C_OFFSET = SECTOR_BYTES - 4;

  private DoubtLogDescriptor() {}
}
