package io.blockcam.spark;

import io.blockcam.history.RecordingReader;
import io.blockcam.history.Segments;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
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

  /** What more segments hold is not added up: they are all read where these are not enough. */
  private static final long MOST_COUNTED = 100;

  /** Of more partitions nobody asks HDFS where they are: that would take longer than it saves. */
  private static final int MOST_LOCATED = 1000;

  private static final long TABLE_BYTES_PER_RECORD = 128;

  /** Of a full segment, where nothing tells. */
  private static final long USUAL_RECORDS = 30_000;

  private final ArchiveOptions options;
  private final Bounds bounds;
  private final List<Column> columns;
  private final List<Predicate> pushed;
  private final long limit;
  private @Nullable List<Wanted> wanted;

  /**
   * @param pushed what {@code bounds} were made of
   * @param limit so many records are enough
   */
  RecordsScan(
      final ArchiveOptions options,
      final Bounds bounds,
      final List<Column> columns,
      final List<Predicate> pushed,
      final long limit) {
    this.options = options;
    this.bounds = bounds;
    this.columns = columns;
    this.pushed = List.copyOf(pushed);
    this.limit = limit;
  }

  /**
   * The segments of a recording that are read.
   *
   * @param records that they have, nearly; never too many where there is a limit
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
      long left = limit;
      try (Archive archive = new Archive(options, HadoopSettings.ofSession())) {
        for (final String recording : archive.recordings()) {
          if (left > 0 && bounds.mayHave(recording)) {
            final Wanted found = wanted(archive.open(recording), left);
            known.add(found);
            left -= found.records;
          }
        }
      } catch (final IOException e) {
        throw new UncheckedIOException(e.getMessage(), e);
      }
      wanted = known;
    }
    return known;
  }

  private Wanted wanted(final RecordingReader reader, final long most) throws IOException {
    final Segments segments = options.skipsDamaged() ? reader.findWhatIsLeft() : reader.find();
    final String name = reader.recording().name();
    if (!bounds.isNone()) {
      final long first = segments.firstWhere(bounds::begins);
      final long end = Math.max(first, segments.firstWhere(bounds::isOver));
      return new Wanted(name, first, end, records(segments, end - first));
    }
    final long first = segments.first();
    if (limit == Long.MAX_VALUE) {
      return new Wanted(name, first, segments.end(), records(segments, segments.end() - first));
    }
    final long countedEnd = Math.min(segments.end(), first + MOST_COUNTED);
    long records = 0;
    long end = first;
    while (records < most && end < countedEnd) {
      records += segments.trailer(end++).recordCount();
    }
    return new Wanted(name, first, records < most ? segments.end() : end, records);
  }

  /** How many records there are in some of the segments, if all have as many. */
  private static long records(final Segments segments, final long wanted) {
    return segments
        .head()
        .map(head -> head.summary())
        .map(all -> (long) ((double) all.totalRecords() / Math.max(1, all.segments()) * wanted))
        .orElse(wanted * USUAL_RECORDS);
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
