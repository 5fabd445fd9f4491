package io.blockcam.archive.segment;

/**
 * Layout of the first 4096 bytes of a segment file, little-endian. The recording id is the 16 bytes
 * of the UUID in the order of RFC 9562.
 *
 * <pre>
 *   0               8       12      16
 *  +---------------+-------+-------+-------------------------------+
 *  | B L K C A M S G |version|hdrByt |         recording id          |
 *  +---------------+-------+-------+-------------------------------+
 *  |     epoch     | segment number|first sequence |   createdNs   |
 *  32              40              48              56              64
 *  |   diskBytes   |blkByts|  zero  ...
 *  64              72      76
 *  |  ... zero                                             | crc32c |
 *                                                         4092     4096
 * </pre>
 */
public final class SegmentHeaderDescriptor {
  /** Bytes of the header; payload 0 follows at this offset. */
  public static final int HEADER_BYTES = 4096;

  /** "BLKCAMSG", read as a u64. */
  public static final long MAGIC = 0x4753_4d41_434b_4c42L;

  /** The version this code writes, and the only one it reads. */
  public static final int VERSION = 1;

  /** u64: {@link #MAGIC}. */
  public static final int MAGIC_OFFSET = 0;

  /** u32: {@link #VERSION}. */
  public static final int VERSION_OFFSET = 8;

  /** u32: {@link #HEADER_BYTES}. */
  public static final int HEADER_BYTES_OFFSET = 12;

  /** 16 bytes: which recording this belongs to. */
  public static final int RECORDING_ID_OFFSET = 16;

  /** u64: which run of the recorder; a segment never spans two. */
  public static final int EPOCH_OFFSET = 32;

  /** u64: place of the segment in the recording, from 0. */
  public static final int SEGMENT_NUMBER_OFFSET = 40;

  /** u64: sequence of the first record. */
  public static final int FIRST_SEQUENCE_OFFSET = 48;

  /** u64: CLOCK_REALTIME in ns when the segment was opened. */
  public static final int CREATED_NS_OFFSET = 56;

  /** u64: size of the disk, a multiple of 512. */
  public static final int DISK_BYTES_OFFSET = 64;

  /** u32: 4096. */
  public static final int BLOCK_BYTES_OFFSET = 72;

  /** Zero from here to the checksum. */
  public static final int RESERVED_OFFSET = 76;

  /** u32: CRC32C of the bytes before it. */
  public static final int CRC32C_OFFSET = 4092;

  private SegmentHeaderDescriptor() {}
}
