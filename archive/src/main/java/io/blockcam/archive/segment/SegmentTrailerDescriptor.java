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
 *  | firstSequence | lastSequence  |firstTimestmpNs|lastTimestampNs|
 *  64              72              80              88              96
 *  |   diskBytes   |     zero      |       SHA-256 of the header   ...
 *  96              104             112                             144
 *  |       SHA-256 of the tables                                   |
 *  144                                                             176
 *  |       digest of the previous segment                          |
 *  176                                                             208
 *  |       digest of the segment that this one stands for          |
 *  208                                                             240
 *  |       digest: SHA-256 of bytes 0..239                         |
 *  240                                                             272
 *  |encodng|sigKind| payloadBytes  |sigByts| zero ...      | crc32c |
 *  272     276     280             288     292             508      512
 * </pre>
 *
 * <p>What stands behind the digest tells how the segment is stored and may change.
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

  /** Flag: the segment stands for what was there before it; see {@link SegmentTrailer#base}. */
  public static final int FLAG_BASE = 2;

  /** The segment is not signed. */
  public static final int SIGNATURE_NONE = 0;

  /** u64: {@link #MAGIC}. */
  public static final int MAGIC_OFFSET = 0;

  /** u32: {@link #VERSION}. */
  public static final int VERSION_OFFSET = 8;

  /** u32: {@link #FLAG_RECOVERED}, {@link #FLAG_BASE} or 0. */
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

  /** u64: sequence of the first record. */
  public static final int FIRST_SEQUENCE_OFFSET = 64;

  /** u64: sequence of the last record: firstSequence + recordCount - 1. */
  public static final int LAST_SEQUENCE_OFFSET = 72;

  /** u64: timestamp of the first record. */
  public static final int FIRST_TIMESTAMP_NS_OFFSET = 80;

  /** u64: timestamp of the last record. */
  public static final int LAST_TIMESTAMP_NS_OFFSET = 88;

  /** u64: size of the disk, as in the header. */
  public static final int DISK_BYTES_OFFSET = 96;

  /** u64: zero. */
  public static final int RESERVED_OFFSET = 104;

  /** 32 bytes: SHA-256 of the header. */
  public static final int HEADER_SHA256_OFFSET = 112;

  /** 32 bytes: SHA-256 of frame digests, sector hashes and records. */
  public static final int TABLES_SHA256_OFFSET = 144;

  /** 32 bytes: digest of the segment before; of recording.json for segment 0. */
  public static final int PREVIOUS_DIGEST_OFFSET = 176;

  /** 32 bytes: digest of the segment that a {@link #FLAG_BASE} one stands for, else zero. */
  public static final int REPLACED_DIGEST_OFFSET = 208;

  /** 32 bytes: the segment digest, SHA-256 of the trailer before it. */
  public static final int DIGEST_OFFSET = 240;

  /** u32: a {@link PayloadEncoding}. */
  public static final int PAYLOAD_ENCODING_OFFSET = 272;

  /** u32: {@link #SIGNATURE_NONE}, or the kind of the signature. */
  public static final int SIGNATURE_KIND_OFFSET = 276;

  /** u64: bytes that the payloads take up in the file. */
  public static final int PAYLOAD_BYTES_OFFSET = 280;

  /** u32: bytes of the signature, which ends where the trailer begins. */
  public static final int SIGNATURE_BYTES_OFFSET = 288;

  /** Zero up to {@link #CRC32C_OFFSET}. */
  public static final int UNUSED_OFFSET = 292;

  /** u32: CRC32C of the bytes before it. */
  public static final int CRC32C_OFFSET = 508;

  private SegmentTrailerDescriptor() {}
}
