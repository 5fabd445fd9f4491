package io.blockcam.replay;

/**
 * Layout of a log of dm-log-writes, little-endian: a superblock, then entries, each one sector with
 * its data behind it (drivers/md/dm-log-writes.c, {@code struct log_write_super} and {@code struct
 * log_write_entry}).
 *
 * <pre>
 *   0               8               16              24      28      512
 *  +---------------+---------------+---------------+-------+-------+
 *  |     magic     |   version 1   |    entries    | 512   | zero  |
 *  +---------------+---------------+---------------+-------+-------+
 *  |    sector     |    sectors    |     flags     |   data_len    | text of a mark, zero
 *  0               8               16              24              32
 * </pre>
 */
final class LogWritesDescriptor {
  static final int SECTOR_BYTES = 512;

  static final long MAGIC = 0x006a_7366_7773_6872L;
  static final long VERSION = 1;

  static final int MAGIC_OFFSET = 0;
  static final int VERSION_OFFSET = 8;
  static final int ENTRIES_OFFSET = 16;
  static final int SECTOR_BYTES_OFFSET = 24;

  static final int SECTOR_OFFSET = 0;
  static final int SECTORS_OFFSET = 8;
  static final int FLAGS_OFFSET = 16;
  static final int DATA_LENGTH_OFFSET = 24;
  static final int TEXT_OFFSET = 32;

  /** With the zero that ends it. */
  static final int MOST_TEXT_BYTES = SECTOR_BYTES - TEXT_OFFSET - 1;

  static final long FLAG_FLUSH = 1;
  static final long FLAG_FUA = 2;
  static final long FLAG_DISCARD = 4;
  static final long FLAG_MARK = 8;

  private LogWritesDescriptor() {}
}
