package io.blockcam.export;

import io.blockcam.archive.Nanos;
import io.blockcam.archive.RecordingJson;
import io.blockcam.archive.record.RecordTable;
import io.blockcam.archive.segment.SegmentReader;
import io.blockcam.archive.segment.SegmentTables;
import io.blockcam.archive.segment.SegmentTrailer;
import io.blockcam.history.InOrder;
import io.blockcam.history.Progress;
import io.blockcam.history.RecordingReader;
import io.blockcam.history.Segments;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * Writes the records of a recording as Parquet files, a directory for each day of UTC, so that
 * readers who know Hive's names skip what they do not want. A file is of some segments and one day;
 * what is there already is not written again. One thread.
 */
public final class ParquetExport {
  /** Of full segments 2 million records, some 150 MB. */
  private static final long SEGMENTS_PER_FILE = 64;

  private static final int READ_AHEAD = 2;

  private static final String RECORDING = "_recording.json";

  private final RecordingReader reader;
  private final Segments segments;
  private final Path directory;
  private final Progress progress;

  private long files;
  private long records;
  private long skipped;

  /**
   * What was done.
   *
   * @param files that were written
   * @param records in them
   * @param skipped segments that earlier runs had written
   */
  public record Result(long files, long records, long skipped) {}

  /**
   * @param segments of the recording
   * @param to a directory, which is made; the recording gets one in it
   * @param progress called with the segments that are done, and all
   */
  public ParquetExport(
      final RecordingReader reader,
      final Segments segments,
      final Path to,
      final Progress progress) {
    this.reader = reader;
    this.segments = segments;
    this.directory = to.resolve("recording=" + reader.recording().name());
    this.progress = progress;
  }

  /**
   * Writes what is missing.
   *
   * @throws io.blockcam.archive.segment.SegmentException when a segment is missing or damaged
   * @throws ExportException when another recording of that name was written there
   */
  public Result run() throws IOException {
    claim();
    for (long first = segments.first(); first < segments.end(); ) {
      final long end =
          Math.min((first / SEGMENTS_PER_FILE + 1) * SEGMENTS_PER_FILE, segments.end());
      if (isThere(first, end)) {
        skipped += end - first;
      } else {
        removeStale(first, end);
        write(first, end);
      }
      progress.update(end - segments.first(), segments.end() - segments.first());
      first = end;
    }
    return new Result(files, records, skipped);
  }

  private void claim() throws IOException {
    Files.createDirectories(directory);
    final Path file = directory.resolve(RECORDING);
    final byte[] own = RecordingJson.write(reader.recording());
    if (!Files.exists(file)) {
      Files.write(file, own);
    } else if (!Arrays.equals(Files.readAllBytes(file), own)) {
      throw new ExportException(
          directory + " holds another recording of that name: choose another directory");
    }
  }

  /** The file of the last day is the last one that takes its name. */
  private boolean isThere(final long first, final long end) throws IOException {
    return Files.exists(file(day(segments.trailer(end - 1).lastTimestampNs()), first, end));
  }

  private Path file(final LocalDate day, final long first, final long end) {
    return day(day).resolve("%s%010d.parquet".formatted(prefix(first), end - 1));
  }

  private Path day(final LocalDate day) {
    return directory.resolve("day=" + day);
  }

  private static String prefix(final long first) {
    return "%010d-".formatted(first);
  }

  private static LocalDate day(final long timestampNs) {
    return LocalDate.ofInstant(Nanos.toInstant(timestampNs), ZoneOffset.UTC);
  }

  /** Files of fewer segments, when there were no more, and what was killed half-way. */
  private void removeStale(final long first, final long end) throws IOException {
    final LocalDate last = day(segments.trailer(end - 1).lastTimestampNs());
    for (LocalDate day = day(segments.trailer(first).firstTimestampNs());
        !day.isAfter(last);
        day = day.plusDays(1)) {
      if (Files.isDirectory(day(day))) {
        try (DirectoryStream<Path> stale =
            Files.newDirectoryStream(day(day), "{,.}" + prefix(first) + "*")) {
          for (final Path file : stale) {
            Files.delete(file);
          }
        }
      }
    }
  }

  private record Loaded(SegmentTrailer trailer, SegmentTables tables) {}

  private void write(final long first, final long end) throws IOException {
    try (Group group = new Group(first, end)) {
      InOrder.run(
          LongStream.range(first, end).boxed().toList(),
          InOrder.workers(READ_AHEAD),
          READ_AHEAD,
          number -> {
            final SegmentReader segment = segments.open(number);
            return new Loaded(segment.trailer(), segment.tables());
          },
          (number, loaded) -> group.add(loaded));
      group.finish();
    }
  }

  /** The files of some segments: none takes its name before all are whole. */
  private final class Group implements AutoCloseable {
    private final long first;
    private final long end;
    private final List<DayFile> whole = new ArrayList<>();
    private @Nullable DayFile open;
    private long dayEndsNs;

    Group(final long first, final long end) {
      this.first = first;
      this.end = end;
    }

    void add(final Loaded loaded) throws IOException {
      final RecordTable table = loaded.tables.records();
      DayFile file = open;
      for (int i = 0; i < table.count(); i++) {
        if (file == null || table.timestampNs(i) >= dayEndsNs) {
          if (file != null) {
            file.complete();
          }
          final LocalDate day = day(table.timestampNs(i));
          file = new DayFile(file(day, first, end));
          whole.add(file);
          open = file;
          dayEndsNs = Nanos.of(day.plusDays(1).atStartOfDay(ZoneOffset.UTC).toInstant());
        }
        file.add(loaded.trailer.epoch(), loaded.tables, i);
      }
    }

    void finish() throws IOException {
      for (final DayFile file : whole) {
        records += file.finish();
        files++;
      }
    }

    @Override
    public void close() throws IOException {
      for (final DayFile file : whole) {
        file.close();
      }
    }
  }
}
