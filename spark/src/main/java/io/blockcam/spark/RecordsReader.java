package io.blockcam.spark;

import io.blockcam.archive.segment.SegmentException;
import io.blockcam.history.RecordingReader;
import io.blockcam.history.Segments;
import java.io.IOException;
import java.util.List;
import java.util.Objects;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.connector.metric.CustomTaskMetric;
import org.apache.spark.sql.connector.read.PartitionReader;
import org.apache.spark.sql.vectorized.ColumnarBatch;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reads segments, a batch of each, or more where payloads are wanted. One thread. */
final class RecordsReader implements PartitionReader<ColumnarBatch> {
  private static final Logger LOG = LoggerFactory.getLogger(RecordsReader.class);

  private final Archive archive;
  private final Segments segments;
  private final SegmentsPartition partition;
  private final List<Column> columns;
  private final boolean skipsDamaged;

  private long number;
  private long passedOver;
  private @Nullable OpenSegment open;
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
    while (batch == null) {
      try {
        if (open == null) {
          if (++number >= partition.end()) {
            return false;
          }
          open = new OpenSegment(partition.recording(), segments.open(number), columns);
        }
        batch = open.next();
        if (batch == null) {
          open = null;
        }
      } catch (final SegmentException e) {
        if (!skipsDamaged) {
          throw e;
        }
        LOG.warn("passed over: {}", e.getMessage());
        passedOver++;
        open = null;
      }
    }
    return true;
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
