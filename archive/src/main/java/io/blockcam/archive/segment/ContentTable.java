package io.blockcam.archive.segment;

import io.blockcam.archive.record.RecordTable;
import java.util.function.IntUnaryOperator;

/**
 * What the tables of a segment say of its payloads, and no more: a seventh of their size, and as
 * well proven. For whoever reads here and there in many segments. Any thread.
 */
public final class ContentTable {
  private static final long BYTES_OF_RECORD = 17;

  private final FrameDigests frameDigests;

  // Of each record; the payload is -1 where it has none that is stored.
  private final long[] block;
  private final byte[] mask;
  private final int[] payload;
  private final int[] crc32c;

  /**
   * @param tables checked
   */
  public ContentTable(final SegmentTables tables) {
    final RecordTable records = tables.records();
    frameDigests = tables.frameDigests().copy();
    block = new long[records.count()];
    mask = new byte[records.count()];
    payload = new int[records.count()];
    crc32c = new int[records.count()];
    for (int i = 0; i < records.count(); i++) {
      block[i] = records.block(i);
      mask[i] = (byte) records.sectorMask(i);
      payload[i] = records.kind(i).hasPayload() ? records.payloadIndex(i) : -1;
      crc32c[i] = records.payloadCrc32c(i);
    }
  }

  /** Bytes that this takes up in memory. */
  public long heldBytes() {
    return block.length * BYTES_OF_RECORD + frameDigests.bytes();
  }

  /** Whether a record gives these sectors of a block, and its payload is stored. */
  public boolean gives(final int record, final long ofBlock, final int sectors) {
    return record < block.length
        && payload[record] >= 0
        && block[record] == ofBlock
        && (mask[record] & sectors) == sectors;
  }

  /** Which payload of the segment a record names; negative when none is stored. */
  public int payload(final int record) {
    return payload[record];
  }

  FrameDigests frameDigests() {
    return frameDigests;
  }

  /**
   * The payloads of some records.
   *
   * @param count how many
   * @param record the index of each; their payloads do not decrease
   */
  public WantedPayloads wanted(final int count, final IntUnaryOperator record) {
    return new WantedPayloads() {
      @Override
      public int count() {
        return count;
      }

      @Override
      public int payload(final int i) {
        return payload[record.applyAsInt(i)];
      }

      @Override
      public int record(final int i) {
        return record.applyAsInt(i);
      }

      @Override
      public int crc32c(final int i) {
        return crc32c[record.applyAsInt(i)];
      }
    };
  }
}
