package io.blockcam.spark;

import io.blockcam.archive.head.RecordingHead;
import io.blockcam.history.RecordingReader;
import io.blockcam.history.Segments;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Collectors;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.connector.expressions.filter.Predicate;
import org.apache.spark.sql.connector.metric.CustomMetric;
import org.apache.spark.sql.connector.read.Batch;
import org.apache.spark.sql.connector.read.InputPartition;
import org.apache.spark.sql.connector.read.PartitionReaderFactory;
import org.apache.spark.sql.connector.read.Statistics;
import org.apache.spark.sql.connector.read.SupportsReportStatistics;
import org.apache.spark.sql.types.StructType;
import org.jspecify.annotations.Nullable;

/** A query for records: which segments it reads is decided once, of one head of each recording. */
final class RecordsScan implements Batch, SupportsReportStatistics {
  /** Of full segments 128 MB of tables. */
  private static final int SEGMENTS_PER_PARTITION = 32;

  /** Of more partitions nobody asks HDFS where they are: that would take longer than it saves. */
  private static final int MOST_LOCATED = 1000;

  private static final long TABLE_BYTES_PER_RECORD = 128;

  /** Of a full segment, where nothing tells. */
  private static final long USUAL_RECORDS = 30_000;

  private final ArchiveOptions options;
  private final Bounds bounds;
  private final List<Column> columns;
  private final List<Predicate> pushed;
  private @Nullable List<Wanted> wanted;

  RecordsScan(
      final ArchiveOptions options,
      final Bounds bounds,
      final List<Column> columns,
      final List<Predicate> pushed) {
    this.options = options;
    this.bounds = bounds;
    this.columns = columns;
    this.pushed = List.copyOf(pushed);
  }

  /**
   * The segments of a recording that are read.
   *
   * @param records that they have, nearly
   */
  private record Wanted(String recording, long first, long end, long records) {}

  @Override
  public StructType readSchema() {
    return Column.schema(columns);
  }

  @Override
  public String description() {
    return "blockcam %s%s, segments skipped by %s"
        .formatted(
            options.archive(),
            options.recordings().isEmpty() ? "" : " " + options.recordings(),
            pushed.stream().map(Predicate::toString).collect(Collectors.joining(", ", "[", "]")));
  }

  @Override
  public ColumnarSupportMode columnarSupportMode() {
    return ColumnarSupportMode.SUPPORTED;
  }

  @Override
  public Batch toBatch() {
    return this;
  }

  private List<Wanted> wanted() {
    List<Wanted> known = wanted;
    if (known == null) {
      known = new ArrayList<>();
      try (Archive archive = new Archive(options, HadoopSettings.ofSession())) {
        for (final String recording : archive.recordings()) {
          if (bounds.mayHave(recording)) {
            known.add(wanted(archive.open(recording)));
          }
        }
      } catch (final IOException e) {
        throw new UncheckedIOException(e.getMessage(), e);
      }
      wanted = known;
    }
    return known;
  }

  private Wanted wanted(final RecordingReader reader) throws IOException {
    final Segments segments = options.skipsDamaged() ? reader.findWhatIsLeft() : reader.find();
    final long first = bounds.isNone() ? segments.first() : segments.firstWhere(bounds::begins);
    final long end = bounds.isNone() ? segments.end() : segments.firstWhere(bounds::isOver);
    return new Wanted(
        reader.recording().name(),
        first,
        Math.max(first, end),
        records(reader, segments, Math.max(0, end - first)));
  }

  private static long records(
      final RecordingReader reader, final Segments segments, final long wanted) throws IOException {
    final Optional<RecordingHead> head = reader.usableHead();
    if (head.isEmpty() || segments.isEmpty()) {
      return wanted * USUAL_RECORDS;
    }
    final long all = Math.max(1, head.get().summary().segments());
    return (long) ((double) head.get().summary().totalRecords() / all * wanted);
  }

  @Override
  public Statistics estimateStatistics() {
    final long records = wanted().stream().mapToLong(Wanted::records).sum();
    return new Statistics() {
      @Override
      public OptionalLong sizeInBytes() {
        return OptionalLong.of(records * TABLE_BYTES_PER_RECORD);
      }

      @Override
      public OptionalLong numRows() {
        return OptionalLong.of(records);
      }
    };
  }

  @Override
  public InputPartition[] planInputPartitions() {
    final List<SegmentsPartition> partitions = new ArrayList<>();
    for (final Wanted each : wanted()) {
      for (long from = each.first; from < each.end; from += SEGMENTS_PER_PARTITION) {
        partitions.add(
            new SegmentsPartition(
                each.recording,
                from,
                Math.min(from + SEGMENTS_PER_PARTITION, each.end),
                List.of()));
      }
    }
    return (partitions.size() > MOST_LOCATED ? partitions : located(partitions))
        .toArray(new InputPartition[0]);
  }

  private List<SegmentsPartition> located(final List<SegmentsPartition> partitions) {
    final Configuration settings = HadoopSettings.ofSession();
    try (Archive archive = new Archive(options, settings)) {
      if (!archive.hasHosts()) {
        return partitions;
      }
      final List<SegmentsPartition> located = new ArrayList<>();
      RecordingReader reader = null;
      for (final SegmentsPartition each : partitions) {
        if (reader == null || !reader.recording().name().equals(each.recording())) {
          reader = archive.open(each.recording());
        }
        located.add(
            new SegmentsPartition(
                each.recording(), each.first(), each.end(), archive.hosts(reader, each.first())));
      }
      return located;
    } catch (final IOException e) {
      throw new UncheckedIOException(e.getMessage(), e);
    }
  }

  @Override
  public PartitionReaderFactory createReaderFactory() {
    return new RecordsReaderFactory(
        options, columns, HadoopSettings.share(HadoopSettings.ofSession()));
  }

  @Override
  public CustomMetric[] supportedCustomMetrics() {
    return new CustomMetric[] {new PassedOver()};
  }
}
