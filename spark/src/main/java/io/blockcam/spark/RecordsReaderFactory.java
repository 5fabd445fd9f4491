package io.blockcam.spark;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.connector.read.InputPartition;
import org.apache.spark.sql.connector.read.PartitionReader;
import org.apache.spark.sql.connector.read.PartitionReaderFactory;
import org.apache.spark.sql.vectorized.ColumnarBatch;

/** Makes readers, in the executors. */
final class RecordsReaderFactory implements PartitionReaderFactory {
  private static final long serialVersionUID = 1L;

  private final ArchiveOptions options;
  private final List<Column> columns;
  private final HadoopSettings settings;

  RecordsReaderFactory(
      final ArchiveOptions options, final List<Column> columns, final HadoopSettings settings) {
    this.options = options;
    this.columns = List.copyOf(columns);
    this.settings = settings;
  }

  @Override
  public boolean supportColumnarReads(final InputPartition partition) {
    return true;
  }

  @Override
  public PartitionReader<InternalRow> createReader(final InputPartition partition) {
    throw new UnsupportedOperationException("records are read in columns");
  }

  @Override
  public PartitionReader<ColumnarBatch> createColumnarReader(final InputPartition partition) {
    try {
      return new RecordsReader(options, columns, (SegmentsPartition) partition, settings.get());
    } catch (final IOException e) {
      throw new UncheckedIOException(e.getMessage(), e);
    }
  }
}
