package io.blockcam.spark;

import io.blockcam.archive.record.RecordDescriptor;
import io.blockcam.archive.record.RecordFlags;
import io.blockcam.archive.record.RecordTable;
import io.blockcam.archive.segment.PayloadReader;
import io.blockcam.archive.segment.SegmentReader;
import io.blockcam.archive.segment.SegmentTables;
import io.blockcam.archive.segment.WantedPayloads;
import java.io.IOException;
import java.util.Comparator;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Some records of a segment, side by side in its table, which is not copied.
 *
 * @param from the first one
 * @param recordsOffset where the table begins in the segment
 * @param tables of the segment, where sector hashes are wanted
 * @param payloads of each, where they are wanted; null where there is none
 */
record RecordRows(
    String recording,
    long epoch,
    long segment,
    long recordsOffset,
    RecordTable records,
    int from,
    @Nullable SegmentTables tables,
    byte @Nullable [] @Nullable [] payloads) {

  /** Whether a record has content. */
  boolean hasContent(final int row) {
    return records.kind(from + row).hasPayload();
  }

  /** Whether that is zeroes, which are not stored. */
  boolean isZero(final int row) {
    return records.hasFlag(from + row, RecordFlags.ALL_ZERO);
  }

  /**
   * Reads the content of records.
   *
   * @param to the record behind the last one
   */
  static byte[] @Nullable [] payloads(
      final SegmentReader segment, final SegmentTables tables, final int from, final int to)
      throws IOException {
    final RecordTable records = tables.records();
    final byte[] @Nullable [] payloads = new byte[to - from][];
    final int[] stored =
        IntStream.range(from, to)
            .filter(i -> records.payloadIndex(i) != RecordDescriptor.NO_PAYLOAD)
            .boxed()
            .sorted(Comparator.comparingInt(records::payloadIndex))
            .mapToInt(i -> i)
            .toArray();
    for (int i = from; i < to; i++) {
      if (records.kind(i).hasPayload()) {
        payloads[i - from] = new byte[RecordDescriptor.BLOCK_BYTES];
      }
    }
    new PayloadReader()
        .read(
            segment,
            tables,
            WantedPayloads.of(records, stored.length, i -> stored[i]),
            (i, payload) -> payload.get(payloads[stored[i] - from]));
    return payloads;
  }
}
