package io.blockcam.archive.pack;

/**
 * Layout of a pack, little-endian.
 *
 * <pre>
 *  +-----------------+
 *  | directory       |
 *  +-----------------+
 *  | segment files   |  byte for byte, in the order of their numbers
 *  +-----------------+
 *  | directory       |  the same bytes once more
 *  +-----------------+
 *
 *  directory:
 *   0               8      12      16                              32
 *  | B L K C A M P K |version|segmnts|         recording id          |
 *  | first segment | bytes of pack |
 *  32              40              48
 *  | where each segment ends, u64  | zero | crc32c of all before it  |
 *  48                              48 + 8 * segments, + 4, + 8
 * </pre>
 */
final class PackDescriptor {
  /** "BLKCAMPK", read as a u64. */
  static final long MAGIC = 0x4b50_4d41_434b_4c42L;

  static final int VERSION = 1;

  static final int SEGMENTS_OFFSET = 12;
  static final int RECORDING_ID_OFFSET = 16;
  static final int FIRST_SEGMENT_OFFSET = 32;
  static final int PACK_BYTES_OFFSET = 40;
  static final int ENDS_OFFSET = 48;

  /** Behind the ends: four bytes of zero, and the CRC32C. */
  static final int CLOSING_BYTES = 8;

  private PackDescriptor() {}
}
