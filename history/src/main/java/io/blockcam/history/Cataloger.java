package io.blockcam.history;

import io.blockcam.archive.RecordingPaths;
import io.blockcam.archive.index.CatalogBuilder;
import io.blockcam.archive.index.CatalogReader;
import io.blockcam.archive.index.IndexException;
import io.blockcam.store.ObjectSource;
import io.blockcam.store.ObjectStore;
import io.blockcam.store.Publisher;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes the catalogs of an archive: of eight segments, of eight of these, and so on; a larger one
 * replaces those that it was made of, so that each record is named once. One thread.
 */
final class Cataloger {
  private static final Logger LOG = LoggerFactory.getLogger(Cataloger.class);

  /** Of full segments 1 GiB. */
  private static final long LARGEST = 4096;

  /** Somebody else may replace what is about to be read. */
  private static final int MOST_TRIES = 3;

  /** References of a kind that are in memory before they are sorted. */
  private static final int MOST_REFS = 1 << 18;

  private final ObjectStore store;
  private final RecordingReader reader;
  private final Path directory;
  private final int segmentsAtOnce;
  private final RecordingPaths paths;
  private final Publisher publisher;

  /** First segments of the catalogs that there are, by their size; listed once. */
  private @Nullable NavigableMap<Long, NavigableSet<Long>> present;

  private Segments segments;
  private long bytes;
  private int made;
  private int damaged;

  /**
   * @param directory where a catalog is made before it is published
   * @param publisher to a directory that is swept
   */
  Cataloger(
      final ObjectStore store,
      final RecordingReader reader,
      final Path directory,
      final int segmentsAtOnce,
      final Publisher publisher) {
    this.store = store;
    this.reader = reader;
    this.directory = directory;
    this.segmentsAtOnce = segmentsAtOnce;
    this.publisher = publisher;
    this.paths = reader.recording().paths();
    this.segments = new Segments(reader, 0, 0, false);
  }

  /**
   * What was done.
   *
   * @param made catalogs that are in the archive in the end
   * @param bytes that were written
   * @param damaged catalogs that were removed first, since they were of no use
   */
  record Result(int made, long bytes, int damaged) {}

  /**
   * Makes what is missing.
   *
   * @param covered the segments that are to be covered
   * @param useless paths of catalogs that are to be made anew
   * @param progress called with the segments that are covered, and all
   */
  Result run(final Segments covered, final Set<String> useless, final Progress progress)
      throws IOException {
    segments = covered;
    bytes = 0;
    made = 0;
    damaged = 0;
    for (final long size : List.copyOf(present().keySet())) {
      for (final long first : List.copyOf(of(size))) {
        if (useless.contains(paths.catalog(size, first))) {
          remove(size, first);
        }
      }
    }
    for (int tries = MOST_TRIES; ; tries--) {
      try {
        makeMissing(progress);
        return new Result(made, bytes, damaged);
      } catch (final IndexException e) {
        if (tries == 1) {
          throw e;
        }
        LOG.debug("somebody else keeps the catalogs, too: {}", e.getMessage());
        present = null;
      }
    }
  }

  private void makeMissing(final Progress progress) throws IOException {
    final long smallest = IndexSpans.FAN_OUT;
    final long first = (segments.firstWhole() + smallest - 1) / smallest * smallest;
    for (long at = first, size; at + smallest <= segments.end(); at += size) {
      size = smallest;
      while (size < LARGEST
          && at % (size * IndexSpans.FAN_OUT) == 0
          && at + size * IndexSpans.FAN_OUT <= segments.end()) {
        size *= IndexSpans.FAN_OUT;
      }
      if (!of(size).contains(at)) {
        make(at, size);
      }
      removeParts(at, size); // who was killed there has left them
      progress.update(at + size - first, segments.end() - first);
    }
  }

  private NavigableMap<Long, NavigableSet<Long>> present() throws IOException {
    NavigableMap<Long, NavigableSet<Long>> known = present;
    if (known == null) {
      known = new TreeMap<>(Catalogs.present(reader));
      present = known;
    }
    return known;
  }

  private NavigableSet<Long> of(final long size) throws IOException {
    return present().computeIfAbsent(size, any -> new TreeSet<>());
  }

  private void make(final long at, final long size) throws IOException {
    if (size == IndexSpans.FAN_OUT) {
      publish(at, size, out -> ofSegments(at, out));
    } else {
      final List<CatalogReader> parts = new ArrayList<>();
      final long smaller = size / IndexSpans.FAN_OUT;
      for (long part = at; part < at + size; part += smaller) {
        parts.add(sound(part, smaller));
      }
      publish(at, size, out -> CatalogBuilder.merge(parts, out));
    }
    of(size).add(at);
    removeParts(at, size);
  }

  /** One of these segments, made now if there is none or a damaged one. */
  private CatalogReader sound(final long at, final long size) throws IOException {
    if (of(size).contains(at)) {
      try {
        final CatalogReader catalog = Catalogs.open(reader, segments, size, at);
        catalog.check();
        return catalog;
      } catch (final IndexException e) {
        LOG.warn("made anew: {}", e.getMessage());
        remove(size, at);
      }
    }
    make(at, size);
    return Catalogs.open(reader, segments, size, at);
  }

  private void remove(final long size, final long at) throws IOException {
    store.delete(paths.catalog(size, at));
    of(size).remove(at);
    damaged++;
  }

  private void removeParts(final long at, final long size) throws IOException {
    for (final long smaller : List.copyOf(present().headMap(size).keySet())) {
      for (final long part : List.copyOf(of(smaller).subSet(at, at + size))) {
        store.delete(paths.catalog(smaller, part));
        of(smaller).remove(part);
      }
    }
  }

  private void ofSegments(final long first, final OutputStream out) throws IOException {
    try (CatalogBuilder builder = new CatalogBuilder(directory, MOST_REFS)) {
      new ChainedSegments(reader, segments, segmentsAtOnce)
          .read(
              first,
              IndexSpans.FAN_OUT,
              (segment, tables) -> builder.add(segment.trailer(), tables));
      builder.write(out);
    }
  }

  /** Writes a catalog. */
  @FunctionalInterface
  private interface Content {
    void write(OutputStream out) throws IOException;
  }

  private void publish(final long at, final long size, final Content content) throws IOException {
    final Path file = Files.createTempFile(directory, "index-", ".catalog");
    try {
      try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file), 1 << 16)) {
        content.write(out);
      }
      publisher.publish(ObjectSource.of(file), paths.catalog(size, at));
      bytes += Files.size(file);
      made++;
    } finally {
      Files.deleteIfExists(file);
    }
  }
}
