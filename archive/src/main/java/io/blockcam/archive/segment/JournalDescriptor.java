package io.blockcam.archive.segment;

/**
 * Layout of the journal of an open segment, little-endian: 64 bytes of header, then one entry for
 * each record appended: the record, and after it the eight sector hashes when the record has a
 * payload of its own. An entry holds for what its record's CRC32C covers; its hashes must be those
 * of the payload.
 *
 * <pre>
 *   0               8       12      16                              32
 *  +---------------+-------+-------+-------------------------------+
 *  | B L K C A M J N |version| zero  |         recording id          |
 *  +---------------+-------+-------+-------------------------------+
 *  |     epoch     | segment number|           zero        | crc32c |
 *  32              40              48                      60      64
 *  |                          record (64)                          |
 *  |          sector hashes (64), only with an own payload         |
 *  |                             ...                               |
 * </pre>
 */
public final class JournalDescriptor {
  /** Bytes before the first entry. */
  public static final int HEADER_BYTES = 64;

  /** "BLKCAMJN", read as a u64. */
  public static final long MAGIC = 0x4e4a_4d41_434b_4c42L;

  /** The version this code writes, and the only one it reads. */
  public static final int VERSION = 1;

  /** u64: {@link #MAGIC}. */
  public static final int MAGIC_OFFSET = 0;

  /** u32: {@link #VERSION}. */
  public static final int VERSION_OFFSET = 8;

  /** 16 bytes, as in the header of the segment. */
  public static final int RECORDING_ID_OFFSET = 16;

  /** u64, as in the header of the segment. */
  public static final int EPOCH_OFFSET = 32;

  /** u64, as in the header of the segment. */
  public static final int SEGMENT_NUMBER_OFFSET = 40;

  /** u32: CRC32C of the bytes before it. */
  public static final int CRC32C_OFFSET = 60;

  private JournalDescriptor() {}
}
