package io.blockcam.archive.record;

/** The bits of the flags field of a record. */
public final class RecordFlags {
  /** The first record of a guest write; the records of the same write follow it. */
  public static final int FIRST = 1;

  /** The guest asked for this write to be durable when it completes. */
  public static final int FUA = 1 << 1;

  /** The write to the backing store failed: replay must not apply the record. */
  public static final int FAILED = 1 << 2;

  /** The payload is 4096 zero bytes; none is stored. */
  public static final int ALL_ZERO = 1 << 3;

  /** The payload equals an earlier one of the same segment; the index names that one. */
  public static final int SHARED = 1 << 4;

  /** In flight when the recorder died: it may or may not have reached the disk. */
  public static final int UNKNOWN_OUTCOME = 1 << 5;

  /** Every bit that has a meaning; another one makes a record invalid. */
  public static final int ALL = FIRST | FUA | FAILED | ALL_ZERO | SHARED | UNKNOWN_OUTCOME;

  /** The bits that say how the payload is stored: the segment writer sets them, nobody else. */
  public static final int STORAGE = ALL_ZERO | SHARED;

  private RecordFlags() {}
}
