package io.blockcam.archive.index;

/**
 * Layout of a run of the index, little-endian.
 *
 * <pre>
 *  +-----------------+
 *  | page 0 ...      |  compressed, see {@link Page}
 *  +-----------------+
 *  | keys            |  see {@link RefTable}
 *  +-----------------+
 *  | blocks          |  the same
 *  +-----------------+
 *  | runs            |  the same
 *  +-----------------+
 *  | events          |  32 bytes each
 *  +-----------------+
 *  | digests         |  32 bytes a segment
 *  +-----------------+
 *  | directory       |  48 bytes a page
 *  +-----------------+
 *  | trailer         |  320 bytes
 *  +-----------------+
 *
 *  a page in the directory:
 *   0               8               16              24              32
 *  |  first block  | behind block  |    offset     | bytes | crc32c|
 *  | pieces|partial| zeroes| doubts|
 *  32      36      40      44      48
 *
 *  a page of references in its directory, and 64 of them in the summary of that:
 *   0               8               16      20      24
 *  |  first value  |    offset     | bytes | crc32c|
 *  |  first value  | crc32c|   0   |
 *  0               8       12      16
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
 *  |dir crc| flags | of keys, of blocks, of runs, 32 bytes each:
 *  192     196     200
 *  |     count     |    offset     | directory off.|sum crc|   0   |
 *  0               8               16              24      28     32
 *  | zero ...                                              | crc32c|
 *  296                                                     316    320
 * </pre>
 */
final class RunDescriptor {
  static final int TRAILER_BYTES = 320;
  static final int DIRECTORY_ENTRY_BYTES = 48;
  static final int EVENT_BYTES = 32;

  /** Of a place of references in the trailer. */
  static final int REFS_BYTES = 32;

  static final int REF_ENTRY_BYTES = 24;
  static final int REF_SUMMARY_BYTES = 16;

  /** Entries of a directory of references for which there is one in the summary. */
  static final int REF_ENTRIES_SUMMED = 64;

  /** Flag: the references to records are in it, though there may be none. */
  static final int HAS_REFS = 1;

  static final int EVENT_LONGS = EVENT_BYTES / Long.BYTES;

  /** "BLKCAMIX", read as a u64. */
  static final long MAGIC = 0x5849_4d41_434b_4c42L;

  static final int VERSION = 2;

  static final int PAGES_OFFSET = 12;
  static final int RECORDING_ID_OFFSET = 16;
  static final int COVER_OFFSET = 32;
  static final int PREVIOUS_DIGEST_OFFSET = 96;
  static final int EVENTS_OFFSET_OFFSET = 160;
  static final int REFS_OFFSET = 200;
  static final int CRC32C_OFFSET = 316;

  /** Where the kind of an event begins. */
  static final int EVENT_KIND_SHIFT = 46;

  private RunDescriptor() {}
}
