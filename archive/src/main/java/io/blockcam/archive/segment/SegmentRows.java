package io.blockcam.archive.segment;

import static io.blockcam.archive.record.RecordDescriptor.BLOCK_SECTORS;
import static io.blockcam.archive.record.RecordDescriptor.NO_PAYLOAD;
import static io.blockcam.archive.record.RecordDescriptor.PAYLOAD_INDEX_OFFSET;
import static io.blockcam.archive.record.RecordDescriptor.RECORD_BYTES;
import static java.nio.ByteOrder.LITTLE_ENDIAN;

import io.blockcam.archive.hash.Crc32c;
import io.blockcam.archive.hash.SectorHash;
import io.blockcam.archive.record.RecordTable;
import java.nio.ByteBuffer;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Some records of a segment, in its order, with their sector hashes: tables of these alone, in
 * which payloads are counted anew. Immutable.
 */
public final class SegmentRows {
  /** Null for all of them. */
  private final int @Nullable [] numbers;

  private final SegmentTables tables;

  private SegmentRows(final int @Nullable [] numbers, final SegmentTables tables) {
    this.numbers = numbers;
    this.tables = tables;
  }

  /** All records of a segment. */
  public static SegmentRows all(final SegmentTables tables) {
    return new SegmentRows(null, tables);
  }

  /**
   * Some of them.
   *
   * @param numbers of records, rising
   */
  public static SegmentRows of(final SegmentTables tables, final int[] numbers) {
    final byte[] records = new byte[numbers.length * RECORD_BYTES];
    final ByteBuffer hashes =
        ByteBuffer.allocate(numbers.length * SectorHash.BLOCK_HASHES_BYTES).order(LITTLE_ENDIAN);
    for (int row = 0; row < numbers.length; row++) {
      tables.records().copy(numbers[row], records, row * RECORD_BYTES);
      final int payload = tables.records().payloadIndex(numbers[row]);
      for (int s = 0; payload != NO_PAYLOAD && s < BLOCK_SECTORS; s++) {
        hashes.putLong(
            row * SectorHash.BLOCK_HASHES_BYTES + s * Long.BYTES, tables.sectorHash(payload, s));
      }
    }
    return counted(numbers, records, hashes.array());
  }

  /**
   * Of records and hashes that stand side by side.
   *
   * @param records as they are in the segment; changed here
   * @param hashes as many as records, anything where there is no payload
   */
  static SegmentRows counted(final int[] numbers, final byte[] records, final byte[] hashes) {
    final ByteBuffer memory = ByteBuffer.wrap(records).order(LITTLE_ENDIAN);
    final RecordTable table = new RecordTable(records);
    for (int row = 0; row < numbers.length; row++) {
      if (table.payloadIndex(row) != NO_PAYLOAD) {
        memory.putInt(row * RECORD_BYTES + PAYLOAD_INDEX_OFFSET, row);
      }
    }
    return new SegmentRows(
        numbers.clone(),
        new SegmentTables(
            table, hashes, 0, numbers.length, new FrameDigests(ByteBuffer.allocate(0))));
  }

  /** How many there are. */
  public int count() {
    return tables.records().count();
  }

  /** Which record of the segment a row is. */
  public int number(final int row) {
    return numbers == null ? Objects.checkIndex(row, count()) : numbers[row];
  }

  /** The records as a table, and their sector hashes; no payload can be read by it. */
  public SegmentTables tables() {
    return tables;
  }

  /** The first row behind a record. */
  public int behind(final long sequence) {
    int low = 0;
    int high = count();
    while (low < high) {
      final int middle = (low + high) >>> 1;
      if (tables.records().sequence(middle) <= sequence) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  /** CRC32C of what is in it: that of the same rows is the same. */
  public int checksum() {
    final Crc32c crc = new Crc32c();
    final ByteBuffer sums = ByteBuffer.allocate(2 * Integer.BYTES);
    sums.putInt(tables.records().checksum(crc));
    sums.putInt(tables.hashesChecksum(crc));
    return crc.of(sums.flip());
  }
}
