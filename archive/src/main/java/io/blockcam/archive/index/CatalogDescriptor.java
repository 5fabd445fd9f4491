package io.blockcam.archive.index;

/**
 * The layout of a catalog, version 1, all little-endian but the recording id:
 *
 * <pre>
 *  +-----------------+
 *  | keys            |  see {@link RefTable}
 *  +-----------------+
 *  | blocks          |  the same
 *  +-----------------+
 *  | runs            |  the same
 *  +-----------------+
 *  | trailer         |  272 bytes
 *  +-----------------+
 *
 *  a page of references in its directory, and 64 of them in the summary of that:
 *   0               8               16      20      24
 *  |  first value  |    offset     | bytes | crc32c|
 *  |  first value  | crc32c|   0   |
 *  0               8       12      16
 *
 *  trailer:
 *   0               8       12      16                              32
 *  |  "BLKCAMCT"   |version|   0   |          recording id          |
 *  | first segment | last segment  | first sequence| last sequence  |
 *  32              40              48              56              64
 *  |     epoch     | last timestamp|   disk bytes  |       0        |
 *  64              72              80              88              96
 *  | previous digest                                                |
 *  96                                                             128
 *  | digest of the last segment                                     |
 *  128                                                            160
 *  | of keys, of blocks, of runs, 32 bytes each:
 *  |     count     |    offset     | directory off.|sum crc|   0    |
 *  0               8               16              24      28      32
 *  | zero ...              | crc32c|
 *  256                     268     272
 * </pre>
 */
final class CatalogDescriptor {
  static final int TRAILER_BYTES = 272;
  static final int ENTRY_BYTES = 24;
  static final int SUMMARY_BYTES = 16;

  /** Entries of a directory for which there is one in the summary. */
  static final int ENTRIES_SUMMED = 64;

  /** "BLKCAMCT", read as a u64. */
  static final long MAGIC = 0x5443_4d41_434b_4c42L;

  static final int VERSION = 1;

  static final int TABLES_OFFSET = 160;
  static final int TABLE_BYTES = 32;
  static final int CRC32C_OFFSET = 268;

  private CatalogDescriptor() {}
}
