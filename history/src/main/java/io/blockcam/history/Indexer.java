package io.blockcam.history;

import io.blockcam.archive.Recording;
import io.blockcam.archive.RecordingPaths;
import io.blockcam.archive.index.IndexException;
import io.blockcam.archive.index.RunBuilder;
import io.blockcam.archive.index.RunCover;
import io.blockcam.archive.index.RunName;
import io.blockcam.archive.index.RunReader;
import io.blockcam.archive.index.WindowStack;
import io.blockcam.archive.record.RecordTable;
import io.blockcam.archive.segment.MemoryBytes;
import io.blockcam.archive.segment.SegmentChain;
import io.blockcam.archive.segment.SegmentReader;
import io.blockcam.store.ObjectSource;
import io.blockcam.store.ObjectStore;
import io.blockcam.store.Publisher;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Executors;
import java.util.stream.LongStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes the runs of an index that are missing, from the segments of the archive, and publishes
 * them. May be stopped and repeated at any time. One thread.
 */
public final class Indexer {
  private static final Logger LOG = LoggerFactory.getLogger(Indexer.class);

  /** What records do that is held in memory before it is sorted. */
  private static final int MOST_OPERATIONS = 1 << 18;

  /** There is no map of fewer records. */
  private static final long MAP_RECORDS = 1 << 18;

  private final ObjectStore store;
  private final RecordingReader reader;
  private final Path directory;
  private final int segmentsAtOnce;
  private final long mapRecords;
  private final Publisher publisher;
  private final RecordingPaths paths;
  private final WindowStack window = new WindowStack();
  private final Map<Long, PresentRuns> present = new TreeMap<>();
  private Segments segments;
  private long bytes;
  private int made;
  private int damaged;

  /**
   * @param directory where a run is made before it is published
   * @param segmentsAtOnce how many are read at the same time; of each all its tables are in memory,
   *     mostly some 4 MiB, at most 19
   */
  public Indexer(
      final ObjectStore store,
      final RecordingReader reader,
      final Path directory,
      final int segmentsAtOnce) {
    this(store, reader, directory, segmentsAtOnce, MAP_RECORDS);
  }

  Indexer(
      final ObjectStore store,
      final RecordingReader reader,
      final Path directory,
      final int segmentsAtOnce,
      final long mapRecords) {
    this.store = store;
    this.mapRecords = mapRecords;
    this.segmentsAtOnce = segmentsAtOnce;
    this.segments = new Segments(reader, 0, 0, false);
    this.reader = reader;
    this.directory = directory;
    this.paths = reader.recording().paths();
    this.publisher = new Publisher(store, temporaryDirectory(reader.recording()));
  }

  /** Where a run is that is not published yet. */
  public static String temporaryDirectory(final Recording recording) {
    return recording.paths().temporary(recording.id()) + "/index";
  }

  /**
   * What was done.
   *
   * @param made runs that were published
   * @param bytes of them
   * @param damaged runs that were removed first, since they were of no use
   */
  public record Result(int made, long bytes, int damaged) {}

  /**
   * Makes what is missing. Which runs there are is looked up once.
   *
   * @param covered the segments that are to be covered
   * @param check whether to read what is there, too, and to make anew what is damaged or not of
   *     these segments
   * @param progress called with the segments that are covered by the smallest runs, and all
   * @throws io.blockcam.archive.segment.SegmentException when a segment is missing or damaged
   */
  public Result run(final Segments covered, final boolean check, final Progress progress)
      throws IOException {
    segments = covered;
    final long first = segments.firstWhole();
    long size = IndexSpans.FAN_OUT;
    for (; nextMultiple(first, size) + size <= segments.end(); size *= IndexSpans.FAN_OUT) {
      if (check) {
        removeDamaged(size);
      }
      for (long at = nextMultiple(first, size); at + size <= segments.end(); at += size) {
        if (!runs(size).has(at)) {
          make(at, size);
        }
        if (size == IndexSpans.FAN_OUT) {
          progress.update(at + size - first, segments.end() - first);
        }
      }
    }
    if (size > IndexSpans.FAN_OUT) {
      makeMap(first, check);
    }
    return new Result(made, bytes, damaged);
  }

  private static long nextMultiple(final long number, final long size) {
    return (number + size - 1) / size * size;
  }

  private PresentRuns runs(final long size) {
    return present.computeIfAbsent(size, s -> new PresentRuns(store, paths, s));
  }

  private void make(final long first, final long size) throws IOException {
    final String path = IndexSpans.run(paths, first, size);
    if (size == IndexSpans.FAN_OUT) {
      publish(path, out -> ofSegments(first, size, out));
    } else {
      final long smaller = size / IndexSpans.FAN_OUT;
      fromSound(
          () -> {
            final List<RunReader> runs = new ArrayList<>();
            for (long at = first; at < first + size; at += smaller) {
              runs.add(madeRun(at, smaller));
            }
            publish(path, out -> RunBuilder.merge(runs, window, out));
          });
    }
    runs(size).add(first);
  }

  /** Makes something of runs. */
  @FunctionalInterface
  private interface Making {
    void make() throws IOException;
  }

  /**
   * Makes something of runs; one that turns out to be damaged, gone or of other segments is removed
   * and must be made anew when it is asked for again.
   */
  private void fromSound(final Making making) throws IOException {
    final Set<String> removed = new HashSet<>();
    while (true) {
      try {
        making.make();
        return;
      } catch (final IndexException e) {
        final String root = store.describe() + "/";
        if (!e.file().startsWith(root) || !removed.add(e.file())) {
          throw e; // it was made a moment ago
        }
        LOG.warn("made anew: {}", e.getMessage());
        remove(e.file().substring(root.length()));
      }
    }
  }

  private void remove(final String path) throws IOException {
    store.delete(path);
    damaged++;
    present.values().forEach(runs -> runs.remove(path));
  }

  /** A run of these segments, made now if there is none. */
  private RunReader madeRun(final long first, final long size) throws IOException {
    if (!runs(size).has(first)) {
      make(first, size);
    }
    return openRun(IndexSpans.run(paths, first, size));
  }

  private RunCover ofSegments(final long first, final long count, final OutputStream out)
      throws IOException {
    final RunBuilder builder = new RunBuilder(window);
    final List<RunReader> parts = new ArrayList<>();
    final SegmentChain[] chain = new SegmentChain[1];
    InOrder.run(
        LongStream.range(first, first + count).boxed().toList(),
        Executors.newVirtualThreadPerTaskExecutor(),
        segmentsAtOnce,
        this::open,
        (number, tables) -> {
          final SegmentReader segment = tables.segment;
          chain[0] =
              number == first
                  ? reader.beginning().resume(segment.trailer())
                  : chain[0].next(segment.name(), number, segment.trailer());
          builder.add(segment.trailer(), tables.records);
          if (builder.operations() >= MOST_OPERATIONS) {
            parts.add(part(builder));
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

  private static RunReader part(final RunBuilder builder) throws IOException {
    final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    builder.write(bytes);
    return RunReader.open(new MemoryBytes("part of a run", bytes.toByteArray()));
  }

  private record Tables(SegmentReader segment, RecordTable records) {}

  private Tables open(final long number) throws IOException {
    final SegmentReader segment = segments.open(number);
    return new Tables(segment, segment.records());
  }

  /**
   * Opens a run.
   *
   * @throws IndexException when it is missing, damaged or not of the segments that it should be of
   */
  private RunReader openRun(final String path) throws IOException {
    final Optional<ObjectBytes> bytes = reader.bytes(path);
    if (bytes.isEmpty()) {
      throw new IndexException(store.describe() + "/" + path, "is missing");
    }
    final RunReader run = RunReader.open(bytes.get());
    final RunCover cover = run.cover();
    if (cover.firstSegment() < segments.first()
        || cover.lastSegment() >= segments.end()
        || !path.endsWith("/" + RunName.of(cover.firstSegment(), cover.lastSegment()))
        || !cover.previousDigest().equals(segments.trailer(cover.firstSegment()).previousDigest())
        || !cover.lastDigest().equals(segments.trailer(cover.lastSegment()).digest())) {
      throw new IndexException(run.name(), "is of other segments");
    }
    return run;
  }

  /** Writes a run. */
  @FunctionalInterface
  private interface Content {
    RunCover write(OutputStream out) throws IOException;
  }

  private void publish(final String path, final Content content) throws IOException {
    final Path file = Files.createTempFile(directory, "index-", ".run");
    try {
      try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file), 1 << 16)) {
        content.write(out);
      }
      publisher.publish(ObjectSource.of(file), path);
      bytes += Files.size(file);
      made++;
    } finally {
      Files.deleteIfExists(file);
    }
  }

  /**
   * A map is made when what is read in its place has grown by a quarter: so maps take up no more
   * than five times the newest one, and a moment costs no more than a quarter above its map.
   */
  private void makeMap(final long first, final boolean check) throws IOException {
    if (check) {
      removeDamagedMaps(first);
    }
    final long end = segments.end() / IndexSpans.FAN_OUT * IndexSpans.FAN_OUT;
    if (end > first && first % IndexSpans.FAN_OUT == 0) {
      fromSound(() -> makeMap(first, end));
    }
  }

  private void makeMap(final long first, final long end) throws IOException {
    final NavigableSet<Long> maps = IndexSpans.maps(reader, first);
    if (!maps.isEmpty() && maps.last() >= end - 1) {
      return;
    }
    final List<RunReader> runs = new ArrayList<>();
    long pieces = 0;
    if (!maps.isEmpty()) {
      runs.add(openRun(IndexSpans.map(paths, first, maps.last())));
      pieces = runs.getFirst().pieces();
    }
    final long enough = maps.isEmpty() ? mapRecords : Math.max(mapRecords, pieces + pieces / 4);
    for (long at = maps.isEmpty() ? first : maps.last() + 1; at < end; ) {
      long size = IndexSpans.FAN_OUT;
      while (at % (size * IndexSpans.FAN_OUT) == 0 && at + size * IndexSpans.FAN_OUT <= end) {
        size *= IndexSpans.FAN_OUT;
      }
      runs.add(madeRun(at, size));
      pieces += runs.getLast().pieces();
      at += size;
    }
    if (pieces >= enough) {
      publish(IndexSpans.map(paths, first, end - 1), out -> RunBuilder.merge(runs, window, out));
    }
  }

  private void removeDamagedMaps(final long first) throws IOException {
    for (final long last : IndexSpans.maps(reader, first)) {
      removeIfDamaged(IndexSpans.map(paths, first, last));
    }
  }

  private void removeDamaged(final long size) throws IOException {
    for (final String path : runs(size).all()) {
      removeIfDamaged(path);
    }
  }

  private void removeIfDamaged(final String path) throws IOException {
    try {
      final RunReader run = openRun(path);
      run.events();
      run.readAll();
    } catch (final IndexException e) {
      LOG.warn("of no use: {}", e.getMessage());
      remove(path);
    }
  }
}
