package io.blockcam.archive.index;

/**
 * Layout of a run of the index, little-endian.
 *
 * <pre>
 *  +-----------------+
 *  | page 0 ...      |  compressed, see {@link Page}
 *  +-----------------+
 *  | events          |  32 bytes each
 *  +-----------------+
 *  | digests         |  32 bytes a segment
 *  +-----------------+
 *  | directory       |  48 bytes a page
 *  +-----------------+
 *  | trailer         |  256 bytes
 *  +-----------------+
 *
 *  a page in the directory:
 *   0               8               16              24              32
 *  |  first block  | behind block  |    offset     | bytes | crc32c|
 *  | pieces|partial| zeroes| doubts|
 *  32      36      40      44      48
 *
 *  an event, see {@link Event}:
 *   0               8               16              24              32
 *  | kind and place|   sequence    |  timestampNs  |     value     |
 *  kind of the record in bits 46..53, below it a {@link RecordRef}
 *
 *  trailer:
 *   0               8      12      16                              32
 *  | B L K C A M I X |version| pages |         recording id          |
 *  | first segment | last segment  | first sequence| last sequence |
 *  32              40              48              56              64
 *  |  last epoch   | lastTimestmpNs|   diskBytes   |    pieces     |
 *  64              72              80              88              96
 *  |       what the first segment names as its predecessor         |
 *  96                                                             128
 *  |       digest of the last segment                              |
 *  128                                                            160
 *  | events offset | digests offset| directory off.|events |evtscrc|
 *  160             168             176             184     188    192
 *  |dir crc| zero ...                                      | crc32c|
 *  192     196                                             252    256
 * </pre>
 */
final class RunDescriptor {
  static final int TRAILER_BYTES = 256;
  static final int DIRECTORY_ENTRY_BYTES = 48;
  static final int EVENT_BYTES = 32;
  static final int EVENT_LONGS = EVENT_BYTES / Long.BYTES;

  /** "BLKCAMIX", read as a u64. */
  static final long MAGIC = 0x5849_4d41_434b_4c42L;

  static final int VERSION = 1;

  static final int PAGES_OFFSET = 12;
  static final int PIECES_OFFSET = 88;
  static final int EVENTS_OFFSET_OFFSET = 160;
  static final int CRC32C_OFFSET = 252;

  /** Where the kind of an event begins. */
  static final int EVENT_KIND_SHIFT = 46;

  private RunDescriptor() {}
}
