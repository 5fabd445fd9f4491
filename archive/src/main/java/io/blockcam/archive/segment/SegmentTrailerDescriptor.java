package io.blockcam.archive.segment;

/**
 * Layout of the last 512 bytes of a sealed segment, little-endian.
 *
 * <pre>
 *   0               8       12      16                              32
 *  +---------------+-------+-------+-------------------------------+
 *  | B L K C A M T R |version| flags |         recording id          |
 *  +---------------+-------+-------+-------------------------------+
 *  |     epoch     | segment number|  recordCount  | payloadCount  |
 *  32              40              48              56              64
 *  | hashesOffset  | recordsOffset | trailerOffset | firstSequence |
 *  64              72              80              88              96
 *  | lastSequence  |firstTimestmpNs|lastTimestampNs|   diskBytes   |
 *  96              104             112             120             128
 *  |       SHA-256 of [0, hashesOffset)                            |
 *  128                                                             160
 *  |       SHA-256 of [hashesOffset, trailerOffset)                |
 *  160                                                             192
 *  |       digest of the previous segment                          |
 *  192                                                             224
 *  |sigKind|sigByts| signature, then zero ...
 *  224     228     232
 *  | ... zero      |  SHA-256 of bytes 0..475 of the trailer | crc32c |
 *                  476                                       508      512
 * </pre>
 */
public final class SegmentTrailerDescriptor {
  /** Bytes of the trailer. */
  public static final int TRAILER_BYTES = 512;

  /** "BLKCAMTR", read as a u64. */
  public static final long MAGIC = 0x5254_4d41_434b_4c42L;

  /** The version this code writes, and the only one it reads. */
  public static final int VERSION = 1;

  /** Flag: the segment was closed by recovery after a crash; its end may have been cut. */
  public static final int FLAG_RECOVERED = 1;

  /** The segment is not signed. */
  public static final int SIGNATURE_NONE = 0;

  /** u64: {@link #MAGIC}. */
  public static final int MAGIC_OFFSET = 0;

  /** u32: {@link #VERSION}. */
  public static final int VERSION_OFFSET = 8;

  /** u32: {@link #FLAG_RECOVERED} or 0. */
  public static final int FLAGS_OFFSET = 12;

  /** 16 bytes, as in the header. */
  public static final int RECORDING_ID_OFFSET = 16;

  /** u64, as in the header. */
  public static final int EPOCH_OFFSET = 32;

  /** u64, as in the header. */
  public static final int SEGMENT_NUMBER_OFFSET = 40;

  /** u64: records, at least 1. */
  public static final int RECORD_COUNT_OFFSET = 48;

  /** u64: payloads stored. */
  public static final int PAYLOAD_COUNT_OFFSET = 56;

  /** u64: where the sector hashes begin: 4096 + payloadCount * 4096. */
  public static final int HASHES_OFFSET_OFFSET = 64;

  /** u64: where the records begin: hashesOffset + payloadCount * 64. */
  public static final int RECORDS_OFFSET_OFFSET = 72;

  /** u64: where the trailer begins: recordsOffset + recordCount * 64. */
  public static final int TRAILER_OFFSET_OFFSET = 80;

  /** u64: sequence of the first record. */
  public static final int FIRST_SEQUENCE_OFFSET = 88;

  /** u64: sequence of the last record: firstSequence + recordCount - 1. */
  public static final int LAST_SEQUENCE_OFFSET = 96;

  /** u64: timestamp of the first record. */
  public static final int FIRST_TIMESTAMP_NS_OFFSET = 104;

  /** u64: timestamp of the last record. */
  public static final int LAST_TIMESTAMP_NS_OFFSET = 112;

  /** u64: size of the disk, as in the header. */
  public static final int DISK_BYTES_OFFSET = 120;

  /** 32 bytes: SHA-256 of header and payloads. */
  public static final int PAYLOAD_SHA256_OFFSET = 128;

  /** 32 bytes: SHA-256 of sector hashes and records. */
  public static final int TABLES_SHA256_OFFSET = 160;

  /** 32 bytes: segment digest of the segment before; zeroes for segment 0. */
  public static final int PREVIOUS_DIGEST_OFFSET = 192;

  /** u32: {@link #SIGNATURE_NONE}. */
  public static final int SIGNATURE_KIND_OFFSET = 224;

  /** u32: bytes of the signature, 0. */
  public static final int SIGNATURE_BYTES_OFFSET = 228;

  /** Room for a signature over the bytes before {@link #SIGNATURE_KIND_OFFSET}; zero. */
  public static final int SIGNATURE_OFFSET = 232;

  /** 32 bytes: the segment digest, SHA-256 of the trailer before it. */
  public static final int DIGEST_OFFSET = 476;

  /** u32: CRC32C of the bytes before it. */
  public static final int CRC32C_OFFSET = 508;

  private SegmentTrailerDescriptor() {}
}
