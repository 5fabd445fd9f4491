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

  private static final long SMALL_RUN = 64;
  private static final long SMALLEST_RUN = IndexSpans.FAN_OUT;

  private final ObjectStore store;
  private final RecordingReader reader;
  private final Path directory;
  private final int segmentsAtOnce;
  private final long mapRecords;
  private final int mostOperations;
  private final Publisher publisher;
  private final Cataloger cataloger;
  private final RecordingPaths paths;
  private final WindowStack window = new WindowStack();
  private final Map<Long, PresentRuns> present = new TreeMap<>();
  private Segments segments;
  private RunMaker runs;

  /** The first one that is covered. */
  private long first;

  /** Segments that small runs cover. */
  private long done;

  private boolean recordsAreMany;
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
    this(store, reader, directory, segmentsAtOnce, MAP_RECORDS, RunMaker.MOST_OPERATIONS);
  }

  Indexer(
      final ObjectStore store,
      final RecordingReader reader,
      final Path directory,
      final int segmentsAtOnce,
      final long mapRecords,
      final int mostOperations) {
    this.store = store;
    this.mostOperations = mostOperations;
    this.mapRecords = mapRecords;
    this.segmentsAtOnce = segmentsAtOnce;
    this.segments = new Segments(reader, 0, 0, false);
    this.runs = new RunMaker(reader, segments, segmentsAtOnce, mostOperations);
    this.reader = reader;
    this.directory = directory;
    this.paths = reader.recording().paths();
    this.publisher = new Publisher(store, temporaryDirectory(reader.recording()));
    this.cataloger = new Cataloger(store, reader, directory, segmentsAtOnce, publisher);
  }

  /** Where a run is that is not published yet. */
  public static String temporaryDirectory(final Recording recording) {
    return recording.paths().temporary(recording.id()) + "/index";
  }

  /**
   * What was done.
   *
   * @param made runs that were published
   * @param catalogs that were
   * @param bytes of them all
   * @param damaged runs and catalogs that were removed first, since they were of no use
   */
  public record Result(int made, int catalogs, long bytes, int damaged) {}

  /** The same, where nobody looks at how far it has come. */
  public Result run(final Segments covered, final boolean check) throws IOException {
    return run(covered, check, Progress.NONE, Progress.NONE);
  }

  /**
   * Makes what is missing. Which runs there are is looked up once.
   *
   * @param covered the segments that are to be covered
   * @param check whether to read what is there, too, and to make anew what is damaged or does not
   *     say what these segments say
   * @param progress called with the segments that are covered by small runs, and all
   * @param ofCatalogs the same of catalogs, behind that
   * @throws io.blockcam.archive.segment.SegmentException when a segment is missing or damaged
   */
  public Result run(
      final Segments covered,
      final boolean check,
      final Progress progress,
      final Progress ofCatalogs)
      throws IOException {
    segments = covered;
    runs = new RunMaker(reader, covered, segmentsAtOnce, mostOperations);
    first = segments.firstWhole();
    final Set<String> useless = check ? removeUseless() : Set.of();
    done = 0;
    long size = SMALLEST_RUN;
    for (; nextMultiple(first, size) + size <= segments.end(); size *= IndexSpans.FAN_OUT) {
      for (long at = nextMultiple(first, size); at + size <= segments.end(); at += size) {
        if (size == SMALLEST_RUN) {
          makeSmallest(at, progress);
        } else if (!present(size).has(at)) {
          make(at, size, progress);
        } else if (size == LARGE_RUN && at + 2 * size > segments.end()) {
          removeSmallest(at); // who was killed there has left them
        }
      }
    }
    if (size > SMALLEST_RUN) {
      makeMap();
    }
    final Cataloger.Result catalogs = cataloger.run(segments, useless, ofCatalogs);
    return new Result(
        made, catalogs.made(), bytes + catalogs.bytes(), damaged + catalogs.damaged());
  }

  private void makeSmallest(final long at, final Progress progress) throws IOException {
    if (isPassedOver(at) && !present(SMALL_RUN).has(at / SMALL_RUN * SMALL_RUN)) {
      return; // all eight are made in one go
    }
    if (!isPassedOver(at) && !present(SMALLEST_RUN).has(at)) {
      make(at, SMALLEST_RUN, progress);
    }
    tell(SMALLEST_RUN, progress);
  }

  private void tell(final long more, final Progress progress) {
    done += more;
    progress.update(done, segments.end() - first);
  }

  /**
   * Whether a smallest run, and its neighbours, is not made at all: there is a large one, or will
   * be in a moment, that makes it unnecessary. Who reads a moment in the midst of it reads some
   * more segments, and an archive has an eighth of the runs.
   */
  private boolean isPassedOver(final long at) throws IOException {
    final long large = at / LARGE_RUN * LARGE_RUN;
    if (large < first || large + LARGE_RUN > segments.end()) {
      return false;
    }
    return present(LARGE_RUN).has(large) || !isAnySmallestThere(at / SMALL_RUN * SMALL_RUN);
  }

  private boolean isAnySmallestThere(final long small) throws IOException {
    for (long at = small; at < small + SMALL_RUN; at += SMALLEST_RUN) {
      if (present(SMALLEST_RUN).has(at)) {
        return true;
      }
    }
    return false;
  }

  private static long nextMultiple(final long number, final long size) {
    return (number + size - 1) / size * size;
  }

  private PresentRuns present(final long size) {
    return present.computeIfAbsent(size, s -> new PresentRuns(store, paths, s));
  }

  private void make(final long at, final long size, final Progress progress) throws IOException {
    final String path = IndexSpans.run(paths, at, size);
    final boolean inOneGo = size == SMALL_RUN && isPassedOver(at);
    if (size == SMALLEST_RUN) {
      publish(path, out -> runs.ofSegments(at, size, out));
    } else if (!inOneGo || !publishOfFewRecords(path, at)) {
      final long smaller = size / IndexSpans.FAN_OUT;
      fromSound(
          () -> {
            final List<RunReader> parts = new ArrayList<>();
            for (long part = at; part < at + size; part += smaller) {
              parts.add(madeRun(part, smaller));
            }
            publish(path, out -> RunBuilder.merge(parts, window, out));
          });
    }
    if (inOneGo) {
      tell(size, progress);
    }
    present(size).add(at);
    if (size == LARGE_RUN) {
      removeSmallest(at);
    }
  }

  /** Without the smallest runs, if memory is enough for that. */
  private boolean publishOfFewRecords(final String path, final long at) throws IOException {
    if (!recordsAreMany) {
      try {
        publish(path, out -> runs.ofFewRecords(at, SMALL_RUN, out));
        return true;
      } catch (final RunMaker.ManyRecordsException e) {
        LOG.debug("from here on by way of the smallest runs: {}", e.getMessage());
        recordsAreMany = true;
      }
    }
    return false;
  }

  /** Those that a large run covers, and that it was made of. */
  private void removeSmallest(final long large) throws IOException {
    for (long at = large; at < large + LARGE_RUN; at += SMALLEST_RUN) {
      if (present(SMALLEST_RUN).has(at)) {
        final String path = IndexSpans.run(paths, at, SMALLEST_RUN);
        store.delete(path);
        present(SMALLEST_RUN).remove(path);
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
  private RunReader madeRun(final long at, final long size) throws IOException {
    if (!present(size).has(at)) {
      make(at, size, Progress.NONE);
    }
    return runs.open(IndexSpans.run(paths, at, size));
  }

  /** What is damaged, of other segments, or says something else than they do. */
  private Set<String> removeUseless() throws IOException {
    final Set<String> useless = new HashSet<>();
    new IndexVerifier(reader, segments, segmentsAtOnce)
        .run(
            (path, problem) -> {
              LOG.warn("of no use: {}", problem);
              useless.add(path);
            },
            Progress.NONE);
    final Set<String> catalogs = new HashSet<>();
    for (final String path : useless) {
      if (path.startsWith(paths.catalogs() + "/")) {
        catalogs.add(path);
      } else {
        remove(path);
      }
    }
    return catalogs;
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
  private void makeMap() throws IOException {
    final long end = segments.end() / IndexSpans.FAN_OUT * IndexSpans.FAN_OUT;
    if (end > first && first % IndexSpans.FAN_OUT == 0) {
      fromSound(() -> makeMap(end));
    }
  }

  private void makeMap(final long end) throws IOException {
    final NavigableSet<Long> maps = IndexSpans.maps(reader, first);
    if (!maps.isEmpty() && maps.last() >= end - 1) {
      return;
    }
    final List<RunReader> parts = new ArrayList<>();
    long pieces = 0;
    if (!maps.isEmpty()) {
      parts.add(runs.open(IndexSpans.map(paths, first, maps.last())));
      pieces = parts.get(0).pieces();
    }
    final long enough = maps.isEmpty() ? mapRecords : Math.max(mapRecords, pieces + pieces / 4);
    for (long at = maps.isEmpty() ? first : maps.last() + 1; at < end; ) {
      long size = IndexSpans.FAN_OUT;
      while (at % (size * IndexSpans.FAN_OUT) == 0 && at + size * IndexSpans.FAN_OUT <= end) {
        size *= IndexSpans.FAN_OUT;
      }
      parts.add(madeRun(at, size));
      pieces += parts.get(parts.size() - 1).pieces();
      at += size;
    }
    if (pieces >= enough) {
      publish(IndexSpans.map(paths, first, end - 1), out -> RunBuilder.merge(parts, window, out));
    }
  }
}
