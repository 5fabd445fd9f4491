package io.blockcam.capture.spool;

/**
 * Layout of {@code regions}, little-endian: two headers of 4096 bytes, then pages of 512 bytes,
 * each with a bit for 4064 regions of the disk, set when the region is dirty, from the lowest of
 * the first byte on.
 *
 * <pre>
 *   0               8       12      16                              32
 *  +---------------+-------+-------+-------------------------------+
 *  | B L K C A M D R |version| zero  |         recording id          |
 *  +---------------+-------+-------+-------------------------------+
 *  |   disk bytes  |  region bytes |   generation  |distrust|  zero ... | crc32c |
 *  32              40              48              56       60       4092     4096
 *  |  the other header                                              |
 *  |                508 bytes of regions                  | crc32c |
 *  |                508 bytes of regions                  | crc32c |
 *  | ...
 * </pre>
 *
 * <p>Both headers say the same, unless one of them was being written when the power failed: then
 * the whole one holds, or the one of the higher generation. So what they say changes without room
 * for a second file.
 *
 * <p>A page that is damaged, or half written when the power failed, has all of its regions dirty,
 * which costs a read and nothing else. Nothing here depends on several bytes being written at once.
 */
final class RegionLogDescriptor {
  static final int HEADER_BYTES = 4096;
  static final int HEADERS = 2;
  static final int FIRST_PAGE_OFFSET = HEADERS * HEADER_BYTES;

  /** "BLKCAMDR", read as a u64. */
  static final long MAGIC = 0x5244_4d41_434b_4c42L;

  static final int VERSION = 3;
  static final int MAGIC_OFFSET = 0;
  static final int VERSION_OFFSET = 8;
  static final int RECORDING_ID_OFFSET = 16;
  static final int DISK_BYTES_OFFSET = 32;
  static final int REGION_BYTES_OFFSET = 40;
  static final int GENERATION_OFFSET = 48;

  /** A {@link GapReason}, if what is dirty is to be read back by the next start; else 0. */
  static final int DISTRUST_OFFSET = 56;

  /** CRC32C of the bytes before it. */
  static final int CRC32C_OFFSET = HEADER_BYTES - 4;

  static final int PAGE_BYTES = 512;
  static final int PAGE_CRC32C_OFFSET = PAGE_BYTES - 4;
  static final int PAGE_REGIONS = 8 * PAGE_CRC32C_OFFSET;

  private RegionLogDescriptor() {}
}
