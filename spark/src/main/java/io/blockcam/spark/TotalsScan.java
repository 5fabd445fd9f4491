package io.blockcam.spark;

import io.blockcam.archive.segment.SegmentTrailer;
import io.blockcam.history.RecordingReader;
import io.blockcam.history.Segments;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.GenericInternalRow;
import org.apache.spark.sql.connector.read.Batch;
import org.apache.spark.sql.connector.read.InputPartition;
import org.apache.spark.sql.connector.read.PartitionReader;
import org.apache.spark.sql.connector.read.PartitionReaderFactory;
import org.apache.spark.sql.connector.read.Scan;
import org.apache.spark.sql.types.Metadata;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.jspecify.annotations.Nullable;

/** What can be told of recordings by their heads and trailers: a row of each, for Spark to add. */
final class TotalsScan implements Batch, Scan {
  private final ArchiveOptions options;
  private final List<Total> totals;

  TotalsScan(final ArchiveOptions options, final List<Total> totals) {
    this.options = options;
    this.totals = List.copyOf(totals);
  }

  @Override
  public StructType readSchema() {
    final StructField[] fields = new StructField[totals.size()];
    for (int i = 0; i < fields.length; i++) {
      fields[i] = new StructField("total" + i, totals.get(i).type(), true, Metadata.empty());
    }
    return new StructType(fields);
  }

  @Override
  public String description() {
    return "blockcam %s, by heads and trailers: %s".formatted(options.archive(), totals);
  }

  @Override
  public Batch toBatch() {
    return this;
  }

  private record OfRecording(String recording) implements InputPartition {
    private static final long serialVersionUID = 1L;
  }

  @Override
  public InputPartition[] planInputPartitions() {
    try (Archive archive = new Archive(options, HadoopSettings.ofSession())) {
      return archive.recordings().stream().map(OfRecording::new).toArray(InputPartition[]::new);
    } catch (final IOException e) {
      throw new UncheckedIOException(e.getMessage(), e);
    }
  }

  @Override
  public PartitionReaderFactory createReaderFactory() {
    return new Factory(options, totals, HadoopSettings.share(HadoopSettings.ofSession()));
  }

  private record Factory(ArchiveOptions options, List<Total> totals, HadoopSettings settings)
      implements PartitionReaderFactory {
    private static final long serialVersionUID = 1L;

    @Override
    public PartitionReader<InternalRow> createReader(final InputPartition partition) {
      try (Archive archive = new Archive(options, settings.get())) {
        return new OneRow(row(archive.open(((OfRecording) partition).recording())));
      } catch (final IOException e) {
        throw new UncheckedIOException(e.getMessage(), e);
      }
    }

    private InternalRow row(final RecordingReader reader) throws IOException {
      final Segments segments = reader.find();
      final @Nullable Object[] values = new @Nullable Object[totals.size()];
      if (segments.isEmpty()) {
        for (int i = 0; i < values.length; i++) {
          values[i] = totals.get(i) == Total.COUNT ? 0L : null;
        }
        return new GenericInternalRow(values);
      }
      final long count = totals.contains(Total.COUNT) ? segments.countRecords() : 0;
      final SegmentTrailer first = segments.trailer(segments.first());
      final SegmentTrailer last = segments.trailer(segments.end() - 1);
      for (int i = 0; i < values.length; i++) {
        values[i] = totals.get(i).of(count, first, last);
      }
      return new GenericInternalRow(values);
    }
  }

  /** Reads one row. */
  private static final class OneRow implements PartitionReader<InternalRow> {
    private final InternalRow row;
    private boolean isRead;

    OneRow(final InternalRow row) {
      this.row = row;
    }

    @Override
    public boolean next() {
      final boolean isThere = !isRead;
      isRead = true;
      return isThere;
    }

    @Override
    public InternalRow get() {
      return row;
    }

    @Override
    public void close() {} // nothing is open
  }
}
