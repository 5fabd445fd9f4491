package io.blockcam.archive.record;

/** What the recorder chooses of a record, as far as {@link RecordRules} look at it. */
public interface RecordFields {
  /** Place in the order of the recording. */
  long sequence();

  /** First block. */
  long block();

  /** Blocks, 0 to 2^32-1. */
  long runBlocks();

  /** Sectors of the block that were written. */
  int sectorMask();
}
