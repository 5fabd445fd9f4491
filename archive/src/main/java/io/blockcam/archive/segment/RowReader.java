package io.blockcam.archive.segment;

import static io.blockcam.archive.record.RecordDescriptor.NO_PAYLOAD;
import static io.blockcam.archive.record.RecordDescriptor.RECORD_BYTES;

import io.blockcam.archive.hash.Crc32c;
import io.blockcam.archive.hash.SectorHash;
import io.blockcam.archive.record.RecordTable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Reads some records of a segment and their sector hashes, in few requests. One thread. */
final class RowReader {
  /** What is nearer to each other is read in one go: 16 KiB take no longer than 64 bytes. */
  private static final int NEAR = (16 << 10) / RECORD_BYTES;

  /** With more requests all tables are read instead. */
  private static final int MOST_REQUESTS = 16;

  private final RandomAccessBytes bytes;
  private final SegmentTrailer trailer;

  RowReader(final RandomAccessBytes bytes, final SegmentTrailer trailer) {
    this.bytes = bytes;
    this.trailer = trailer;
  }

  /** Whether that is less than to read all of the tables. */
  static boolean isWorthwhile(final int[] numbers) {
    int requests = 0;
    for (int from = 0; from < numbers.length; from = nearEnd(numbers, from)) {
      requests++;
    }
    return requests <= MOST_REQUESTS;
  }

  private static int nearEnd(final int[] sorted, final int from) {
    int end = from + 1;
    while (end < sorted.length && sorted[end] - sorted[end - 1] < NEAR) {
      end++;
    }
    return end;
  }

  /**
   * Reads them.
   *
   * @param numbers of records that there are, rising
   * @throws SegmentException when a record is damaged
   */
  SegmentRows read(final int[] numbers) throws IOException {
    final byte[] records = rows(numbers, trailer.recordsOffset(), RECORD_BYTES);
    final RecordTable table = new RecordTable(records);
    final Crc32c crc = new Crc32c();
    final int[] payloads = new int[numbers.length];
    int count = 0;
    for (int row = 0; row < numbers.length; row++) {
      final String problem = problem(table, row, numbers[row], crc);
      if (problem != null) {
        throw SegmentException.ofRecord(
            bytes.name(),
            numbers[row],
            trailer.recordsOffset() + (long) numbers[row] * RECORD_BYTES,
            problem);
      }
      if (table.payloadIndex(row) != NO_PAYLOAD) {
        payloads[count++] = table.payloadIndex(row);
      }
    }
    final int[] sorted = Arrays.stream(payloads, 0, count).sorted().distinct().toArray();
    final byte[] found = rows(sorted, trailer.hashesOffset(), SectorHash.BLOCK_HASHES_BYTES);
    final byte[] hashes = new byte[numbers.length * SectorHash.BLOCK_HASHES_BYTES];
    for (int row = 0; row < numbers.length; row++) {
      if (table.payloadIndex(row) != NO_PAYLOAD) {
        System.arraycopy(
            found,
            Arrays.binarySearch(sorted, table.payloadIndex(row)) * SectorHash.BLOCK_HASHES_BYTES,
            hashes,
            row * SectorHash.BLOCK_HASHES_BYTES,
            SectorHash.BLOCK_HASHES_BYTES);
      }
    }
    return SegmentRows.counted(numbers, records, hashes);
  }

  private @Nullable String problem(
      final RecordTable table, final int row, final int number, final Crc32c crc) {
    final String alone = table.problem(row, trailer.diskBlocks(), crc);
    if (alone != null) {
      return alone;
    }
    if (table.sequence(row) != trailer.firstSequence() + number) {
      return "sequence is %d, %d is due"
          .formatted(table.sequence(row), trailer.firstSequence() + number);
    }
    final int payload = table.payloadIndex(row);
    return payload == NO_PAYLOAD || (payload >= 0 && payload < trailer.payloadCount())
        ? null
        : "names payload %s of %d"
            .formatted(Integer.toUnsignedString(payload), trailer.payloadCount());
  }

  /** Rows of a table, side by side. */
  private byte[] rows(final int[] sorted, final long offset, final int rowBytes)
      throws IOException {
    final byte[] rows = new byte[sorted.length * rowBytes];
    for (int from = 0, end; from < sorted.length; from = end) {
      end = nearEnd(sorted, from);
      final byte[] some = new byte[(sorted[end - 1] - sorted[from] + 1) * rowBytes];
      bytes.read(offset + (long) sorted[from] * rowBytes, ByteBuffer.wrap(some));
      for (int row = from; row < end; row++) {
        System.arraycopy(
            some, (sorted[row] - sorted[from]) * rowBytes, rows, row * rowBytes, rowBytes);
      }
    }
    return rows;
  }
}
