package io.blockcam.vmtests.record;

/**
 * One record, field by field as it stands in the segment.
 *
 * @param sequence order in the recording
 * @param timestampNs wall clock
 * @param block first 4 KiB block
 * @param runBlocks how many blocks
 * @param kind code of the kind, see the constants
 * @param sectorMask which sectors of the block
 * @param flags see the constants
 * @param payloadIndex which payload of the segment, -1 for none
 * @param payloadCrc32c checksum of the payload
 * @param aux meaning depends on the kind
 * @param segment where it stands
 */
public record Event(
    long sequence,
    long timestampNs,
    long block,
    long runBlocks,
    int kind,
    int sectorMask,
    int flags,
    int payloadIndex,
    int payloadCrc32c,
    long aux,
    Segment segment) {

  public static final int DATA = 1;
  public static final int ZEROES = 2;
  public static final int DISCARD = 3;
  public static final int FLUSH = 4;
  public static final int BASELINE = 5;
  public static final int RESYNC = 6;
  public static final int MARK = 7;
  public static final int GAP = 9;
  public static final int START = 10;
  public static final int STOP = 11;

  public static final int FIRST = 1;
  public static final int FUA = 2;
  public static final int FAILED = 4;
  public static final int ALL_ZERO = 8;
  public static final int SHARED = 16;
  public static final int UNKNOWN_OUTCOME = 32;

  public static final int WHOLE_BLOCK = 0xff;

  public boolean has(final int flag) {
    return (flags & flag) != 0;
  }

  /** Whether it says what blocks of the disk hold from then on. */
  public boolean setsContent() {
    return !has(FAILED)
        && switch (kind) {
          case DATA, ZEROES, DISCARD, BASELINE, RESYNC -> true;
          default -> false;
        };
  }

  /** Whether it carries a block of data, stored or known to be zero. */
  public boolean hasPayload() {
    return kind == DATA || kind == BASELINE || kind == RESYNC || kind == MARK;
  }

  /** The 4096 bytes, or null when the record carries none. */
  public byte[] payload() {
    return has(ALL_ZERO) ? new byte[Segment.BLOCK_BYTES] : segment.payload(payloadIndex);
  }

  /** What the write was, without what depends on when it happened or where it is stored. */
  public String what() {
    return "kind %d block %d+%d mask %02x%s%s"
        .formatted(
            kind, block, runBlocks, sectorMask, has(FIRST) ? " first" : "", has(FUA) ? " fua" : "");
  }
}
