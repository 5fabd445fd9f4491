package io.blockcam.archive.record;

/**
 * Layout of a record, little-endian.
 *
 * <pre>
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1   byte
 *  +---------------+---------------+---------------+-------+-+-+---+
 *  |   sequence    |  timestampNs  |     block     |  run  |k|m|flg|
 *  +-------+-------+---------------+---------------+-------+-+-+---+
 *  | index |  crc  |      aux      |   reserved    |reservd|recCrc |
 *  +-------+-------+---------------+---------------+-------+-------+
 *  32      36      40              48              56      60      64
 * </pre>
 */
public final class RecordDescriptor {
  /** Bytes of a record. */
  public static final int RECORD_BYTES = 64;

  /** Bytes of a block: the unit of {@link #BLOCK_OFFSET} and of payloads. */
  public static final int BLOCK_BYTES = 4096;

  /** Bytes of a sector: the unit of the sector mask and of the sector hashes. */
  public static final int SECTOR_BYTES = 512;

  /** Sectors of a block. */
  public static final int BLOCK_SECTORS = BLOCK_BYTES / SECTOR_BYTES;

  /** u64: place in the order of the recording; the next record has the next number. */
  public static final int SEQUENCE_OFFSET = 0;

  /** u64: CLOCK_REALTIME in ns since 1970; never decreases along the order. */
  public static final int TIMESTAMP_NS_OFFSET = 8;

  /** u64: first block. */
  public static final int BLOCK_OFFSET = 16;

  /** u32: blocks; 1 for a block with payload, at least 1 for a run, 0 for a point event. */
  public static final int RUN_BLOCKS_OFFSET = 24;

  /** u8: {@link RecordKind#code()}. */
  public static final int KIND_OFFSET = 28;

  /** u8: bit i says that sector i of the block was written; 0xff for runs of more than one. */
  public static final int SECTOR_MASK_OFFSET = 29;

  /** u16: {@link RecordFlags}. */
  public static final int FLAGS_OFFSET = 30;

  /** u32: which payload of the segment, or {@link #NO_PAYLOAD}. */
  public static final int PAYLOAD_INDEX_OFFSET = 32;

  /** u32: CRC32C of the 4096 payload bytes, also when they are all zero; 0 without payload. */
  public static final int PAYLOAD_CRC32C_OFFSET = 36;

  /** u64: meaning depends on the kind. */
  public static final int AUX_OFFSET = 40;

  /** u64, zero. */
  public static final int RESERVED_0_OFFSET = 48;

  /** u32, zero. */
  public static final int RESERVED_1_OFFSET = 56;

  /** u32: CRC32C of the bytes before it. */
  public static final int CRC32C_OFFSET = 60;

  /** The payload index of a record that has no stored payload. */
  public static final int NO_PAYLOAD = 0xffff_ffff;

  /** The sector mask of a whole block. */
  public static final int WHOLE_BLOCK = 0xff;

  /** The most blocks that one record can name: 16 TiB, but one. */
  public static final long MAX_RUN_BLOCKS = 0xffff_ffffL;

  private RecordDescriptor() {}

  /**
   * Blocks of a disk; the last one may reach beyond its end.
   *
   * @param diskBytes its size, at least 1
   */
  public static long blocks(final long diskBytes) {
    return -Math.floorDiv(-diskBytes, BLOCK_BYTES); // rounded up
  }

  /** The eight bytes from {@link #RUN_BLOCKS_OFFSET} on, as one u64: one store instead of four. */
  public static long shape(
      final long runBlocks, final int kindCode, final int sectorMask, final int flags) {
    return runBlocks | (long) kindCode << 32 | (long) sectorMask << 40 | (long) flags << 48;
  }
}
