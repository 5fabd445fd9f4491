package io.blockcam.history;

import io.blockcam.archive.Recording;
import io.blockcam.archive.RecordingPaths;
import io.blockcam.archive.index.IndexException;
import io.blockcam.archive.index.RunBuilder;
import io.blockcam.archive.index.RunCover;
import io.blockcam.archive.index.RunReader;
import io.blockcam.archive.index.WindowStack;
import io.blockcam.store.ObjectSource;
import io.blockcam.store.ObjectStore;
import io.blockcam.store.Publisher;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Set;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes the runs of an index that are missing, from the segments of the archive, and publishes
 * them. May be stopped and repeated at any time. One thread.
 */
public final class Indexer {
  private static final Logger LOG = LoggerFactory.getLogger(Indexer.class);

  /** There is no map of fewer records. */
  private static final long MAP_RECORDS = 1 << 18;

  /** Once there is a run of this size, the smallest ones below it are removed. */
  private static final long LARGE_RUN = 512;

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
  private RunMaker runs;
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
    this.runs = new RunMaker(reader, segments, segmentsAtOnce);
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
   * @param check whether to read what is there, too, and to make anew what is damaged or does not
   *     say what these segments say
   * @param progress called with the segments that are covered by the smallest runs, and all
   * @throws io.blockcam.archive.segment.SegmentException when a segment is missing or damaged
   */
  public Result run(final Segments covered, final boolean check, final Progress progress)
      throws IOException {
    segments = covered;
    runs = new RunMaker(reader, covered, segmentsAtOnce);
    final long first = segments.firstWhole();
    if (check) {
      removeUseless(first);
    }
    long size = IndexSpans.FAN_OUT;
    for (; nextMultiple(first, size) + size <= segments.end(); size *= IndexSpans.FAN_OUT) {
      for (long at = nextMultiple(first, size); at + size <= segments.end(); at += size) {
        if (!isCovered(at, size) && !present(size).has(at)) {
          make(at, size);
        }
        if (size == IndexSpans.FAN_OUT) {
          progress.update(at + size - first, segments.end() - first);
        }
      }
    }
    if (size > IndexSpans.FAN_OUT) {
      makeMap(first);
    }
    return new Result(made, bytes, damaged);
  }

  /**
   * Whether there is a run that makes one of the smallest ones unnecessary: who reads a moment in
   * the midst of it reads some more segments, and an archive has an eighth of the runs.
   */
  private boolean isCovered(final long first, final long size) throws IOException {
    return size == IndexSpans.FAN_OUT && present(LARGE_RUN).has(first / LARGE_RUN * LARGE_RUN);
  }

  private static long nextMultiple(final long number, final long size) {
    return (number + size - 1) / size * size;
  }

  private PresentRuns present(final long size) {
    return present.computeIfAbsent(size, s -> new PresentRuns(store, paths, s));
  }

  private void make(final long first, final long size) throws IOException {
    final String path = IndexSpans.run(paths, first, size);
    if (size == IndexSpans.FAN_OUT) {
      publish(path, out -> runs.ofSegments(first, size, out));
    } else {
      final long smaller = size / IndexSpans.FAN_OUT;
      fromSound(
          () -> {
            final List<RunReader> parts = new ArrayList<>();
            for (long at = first; at < first + size; at += smaller) {
              parts.add(madeRun(at, smaller));
            }
            publish(path, out -> RunBuilder.merge(parts, window, out));
          });
    }
    present(size).add(first);
    if (size == LARGE_RUN) {
      removeSmallest(first);
    }
  }

  /** Those that a large run covers, and that it was made of. */
  private void removeSmallest(final long first) throws IOException {
    for (long at = first; at < first + LARGE_RUN; at += IndexSpans.FAN_OUT) {
      if (present(IndexSpans.FAN_OUT).has(at)) {
        final String path = IndexSpans.run(paths, at, IndexSpans.FAN_OUT);
        store.delete(path);
        present(IndexSpans.FAN_OUT).remove(path);
      }
    }
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
    if (!present(size).has(first)) {
      make(first, size);
    }
    return runs.open(IndexSpans.run(paths, first, size));
  }

  /** What is damaged, of other segments, or says something else than they do. */
  private void removeUseless(final long first) throws IOException {
    final Set<String> useless = new HashSet<>();
    new IndexVerifier(reader, segments, segmentsAtOnce)
        .run(
            (path, problem) -> {
              LOG.warn("of no use: {}", problem);
              useless.add(path);
            },
            Progress.NONE);
    for (final String path : useless) {
      remove(path);
    }
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
  private void makeMap(final long first) throws IOException {
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
    final List<RunReader> parts = new ArrayList<>();
    long pieces = 0;
    if (!maps.isEmpty()) {
      parts.add(runs.open(IndexSpans.map(paths, first, maps.last())));
      pieces = parts.getFirst().pieces();
    }
    final long enough = maps.isEmpty() ? mapRecords : Math.max(mapRecords, pieces + pieces / 4);
    for (long at = maps.isEmpty() ? first : maps.last() + 1; at < end; ) {
      long size = IndexSpans.FAN_OUT;
      while (at % (size * IndexSpans.FAN_OUT) == 0 && at + size * IndexSpans.FAN_OUT <= end) {
        size *= IndexSpans.FAN_OUT;
      }
      parts.add(madeRun(at, size));
      pieces += parts.getLast().pieces();
      at += size;
    }
    if (pieces >= enough) {
      publish(IndexSpans.map(paths, first, end - 1), out -> RunBuilder.merge(parts, window, out));
    }
  }
}
