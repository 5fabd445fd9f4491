package io.blockcam.history;

import io.blockcam.archive.SpanName;
import io.blockcam.archive.index.IndexException;
import io.blockcam.archive.index.RunBuilder;
import io.blockcam.archive.index.RunCover;
import io.blockcam.archive.index.RunReader;
import io.blockcam.archive.index.WindowStack;
import io.blockcam.archive.segment.MemoryBytes;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Makes runs of segments, and opens those that an archive has. One thread. */
final class RunMaker {
  /** What records do that is held in memory before it is sorted. */
  static final int MOST_OPERATIONS = 1 << 18;

  /** Of so many operations each: full segments of writes of 4 KiB are few enough. */
  private static final int FEW_PARTS = 4;

  private final RecordingReader reader;
  private final Segments segments;
  private final int segmentsAtOnce;
  private final int mostOperations;
  private final WindowStack window = new WindowStack();

  /**
   * @param segmentsAtOnce how many are read at the same time
   * @param mostOperations that are held in memory before they are sorted
   */
  RunMaker(
      final RecordingReader reader,
      final Segments segments,
      final int segmentsAtOnce,
      final int mostOperations) {
    this.mostOperations = mostOperations;
    this.reader = reader;
    this.segments = segments;
    this.segmentsAtOnce = segmentsAtOnce;
  }

  /**
   * Makes a run of segments.
   *
   * @param out stays the caller's; should be buffered
   */
  RunCover ofSegments(final long first, final long count, final OutputStream out)
      throws IOException {
    return ofSegments(first, count, out, Integer.MAX_VALUE);
  }

  /**
   * The same of more segments than may be many in memory.
   *
   * @throws ManyRecordsException when they are: their runs are to be made one by one, and merged
   */
  RunCover ofFewRecords(final long first, final long count, final OutputStream out)
      throws IOException {
    return ofSegments(first, count, out, FEW_PARTS);
  }

  /** Segments have more records than can be held in memory until they are a run. */
  static final class ManyRecordsException extends IOException {
    private static final long serialVersionUID = 1L;

    ManyRecordsException(final long segment) {
      super("segment %d and those before it have many records".formatted(segment));
    }
  }

  private RunCover ofSegments(
      final long first, final long count, final OutputStream out, final int mostParts)
      throws IOException {
    final RunBuilder builder = new RunBuilder(window);
    final List<RunReader> parts = new ArrayList<>();
    new ChainedSegments(reader, segments, segmentsAtOnce)
        .read(
            first,
            count,
            (segment, tables) -> {
              builder.add(segment.trailer(), tables.records());
              if (builder.operations() >= mostOperations) {
                parts.add(part(builder));
                if (parts.size() > mostParts) {
                  throw new ManyRecordsException(segment.trailer().segmentNumber());
                }
              }
            });
    if (parts.isEmpty()) {
      return builder.write(out);
    }
    if (builder.cover() != null) {
      parts.add(part(builder));
    }
    return RunBuilder.merge(parts, window, out);
  }

  /** The same, in memory. */
  RunReader ofSegments(final long first, final long count) throws IOException {
    final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    ofSegments(first, count, bytes);
    return RunReader.open(new MemoryBytes("a run of the segments", bytes.toByteArray()));
  }

  private static RunReader part(final RunBuilder builder) throws IOException {
    final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    builder.write(bytes);
    return RunReader.open(new MemoryBytes("part of a run", bytes.toByteArray()));
  }

  /**
   * Opens a run of the archive.
   *
   * @throws IndexException when it is missing, damaged or not of the segments that it should be of
   */
  RunReader open(final String path) throws IOException {
    final Optional<RunBytes> bytes = reader.run(path);
    if (bytes.isEmpty()) {
      throw new IndexException(reader.place(path), "is missing");
    }
    final RunReader run = RunReader.open(bytes.get());
    final RunCover cover = run.cover();
    if (!path.endsWith("/" + SpanName.RUN.of(cover.firstSegment(), cover.lastSegment()))
        || !segments.areThoseOf(cover)) {
      throw new IndexException(run.name(), "is of other segments");
    }
    return run;
  }
}
