package io.blockcam.spark;

import io.blockcam.archive.record.RecordTable;
import io.blockcam.archive.segment.SegmentReader;
import io.blockcam.archive.segment.SegmentTables;
import java.io.IOException;
import java.util.List;
import org.apache.spark.sql.vectorized.ColumnVector;
import org.apache.spark.sql.vectorized.ColumnarBatch;
import org.jspecify.annotations.Nullable;

/** A segment whose records are handed out: all at once, or some at a time with what they hold. */
final class OpenSegment {
  /** Payloads that are in memory at a time: 8 MiB. */
  private static final int ROWS_WITH_PAYLOADS = 2048;

  private final String recording;
  private final List<Column> columns;
  private final SegmentReader segment;
  private final RecordTable records;

  /** Null where the records are all that is wanted. */
  private final @Nullable SegmentTables tables;

  private final boolean hasPayloads;
  private int next;

  /**
   * Reads what the columns need, and checks it.
   *
   * @throws io.blockcam.archive.segment.SegmentException when it is damaged
   */
  OpenSegment(final String recording, final SegmentReader segment, final List<Column> columns)
      throws IOException {
    this.recording = recording;
    this.columns = columns;
    this.segment = segment;
    this.hasPayloads = columns.stream().anyMatch(Column::needsPayload);
    this.tables = hasPayloads || columns.contains(Column.SECTOR_HASHES) ? segment.tables() : null;
    this.records = tables == null ? segment.recordsOnly() : tables.records();
  }

  /**
   * The next records.
   *
   * @return null behind the last ones
   * @throws io.blockcam.archive.segment.SegmentException when their content is damaged
   */
  @Nullable ColumnarBatch next() throws IOException {
    final int from = next;
    final int left = records.count() - from;
    if (left == 0) {
      return null;
    }
    final int count = hasPayloads ? Math.min(ROWS_WITH_PAYLOADS, left) : left;
    next = from + count;
    final RecordRows rows =
        new RecordRows(
            recording,
            segment.trailer().epoch(),
            segment.trailer().segmentNumber(),
            segment.trailer().recordsOffset(),
            records,
            from,
            tables,
            hasPayloads && tables != null
                ? RecordRows.payloads(segment, tables, from, next)
                : null);
    return new ColumnarBatch(
        columns.stream().map(column -> new RecordVector(column, rows)).toArray(ColumnVector[]::new),
        count);
  }
}
