package io.blockcam.spark;

import io.blockcam.archive.segment.SegmentException;
import io.blockcam.archive.segment.SegmentReader;
import io.blockcam.archive.segment.SegmentTables;
import io.blockcam.history.RecordingReader;
import io.blockcam.history.Segments;
import java.io.IOException;
import java.util.List;
import java.util.Objects;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.connector.metric.CustomTaskMetric;
import org.apache.spark.sql.connector.read.PartitionReader;
import org.apache.spark.sql.vectorized.ColumnVector;
import org.apache.spark.sql.vectorized.ColumnarBatch;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reads segments, a batch of each, or more where payloads are wanted. One thread. */
final class RecordsReader implements PartitionReader<ColumnarBatch> {
  private static final Logger LOG = LoggerFactory.getLogger(RecordsReader.class);

  /** Payloads that are in memory at a time: 8 MiB. */
  private static final int ROWS_WITH_PAYLOADS = 2048;

  private final Archive archive;
  private final Segments segments;
  private final SegmentsPartition partition;
  private final List<Column> columns;
  private final boolean skipsDamaged;

  private long number;
  private long passedOver;
  private @Nullable SegmentReader segment;
  private @Nullable SegmentTables tables;
  private int from;
  private int to;
  private @Nullable ColumnarBatch batch;

  RecordsReader(
      final ArchiveOptions options,
      final List<Column> columns,
      final SegmentsPartition partition,
      final Configuration configuration)
      throws IOException {
    this.partition = partition;
    this.columns = columns;
    this.skipsDamaged = options.skipsDamaged();
    this.archive = new Archive(options, configuration);
    final RecordingReader reader = archive.open(partition.recording());
    this.segments = reader.segments(partition.first(), partition.end(), skipsDamaged);
    this.number = partition.first() - 1;
  }

  @Override
  public boolean next() throws IOException {
    batch = null;
    from = to;
    while (true) {
      try {
        if (tables == null || from == tables.records().count()) {
          if (!open()) {
            return false;
          }
        }
        batch = batch(Objects.requireNonNull(segment), Objects.requireNonNull(tables));
        return true;
      } catch (final SegmentException e) {
        if (!skipsDamaged) {
          throw e;
        }
        LOG.warn("passed over: {}", e.getMessage());
        passedOver++;
        tables = null;
      }
    }
  }

  private boolean open() throws IOException {
    from = 0;
    tables = null;
    if (++number >= partition.end()) {
      return false;
    }
    final SegmentReader opened = segments.open(number);
    tables = opened.tables();
    segment = opened;
    return true;
  }

  private ColumnarBatch batch(final SegmentReader of, final SegmentTables content)
      throws IOException {
    final int left = content.records().count() - from;
    final boolean hasPayloads = columns.contains(Column.PAYLOAD);
    final int count = hasPayloads ? Math.min(ROWS_WITH_PAYLOADS, left) : left;
    to = from + count;
    final RecordRows rows =
        RecordRows.of(
            partition.recording(),
            of,
            content,
            from,
            hasPayloads ? RecordRows.payloads(of, content, from, to) : null);
    return new ColumnarBatch(
        columns.stream().map(column -> new RecordVector(column, rows)).toArray(ColumnVector[]::new),
        count);
  }

  @Override
  public ColumnarBatch get() {
    return Objects.requireNonNull(batch);
  }

  @Override
  public CustomTaskMetric[] currentMetricsValues() {
    return new CustomTaskMetric[] {new PassedOver.OfTask(passedOver)};
  }

  @Override
  public void close() throws IOException {
    archive.close();
  }
}
