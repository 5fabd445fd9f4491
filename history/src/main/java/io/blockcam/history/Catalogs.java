package io.blockcam.history;

import io.blockcam.archive.RecordingPaths;
import io.blockcam.archive.SpanName;
import io.blockcam.archive.index.CatalogReader;
import io.blockcam.archive.index.IndexException;
import io.blockcam.archive.index.RunCover;
import io.blockcam.archive.segment.SegmentException;
import io.blockcam.store.ObjectStatus;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.TreeSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Catalogs of an archive that a search may look into, and the segments that none of them covers.
 *
 * @param all none covers what another one does
 * @param others the segments
 */
public record Catalogs(List<CatalogReader> all, SegmentSet others) {
  private static final Logger LOG = LoggerFactory.getLogger(Catalogs.class);

  /** Copies the list; the set is not changed any more. */
  public Catalogs {
    all = List.copyOf(all);
  }

  /** None: all segments are looked at. */
  public static Catalogs none(final Segments segments, final long end) {
    final SegmentSet others = new SegmentSet(segments.first());
    others.add(segments.first(), end);
    return new Catalogs(List.of(), others);
  }

  /**
   * Looks for them, the largest first; one that is damaged or of other segments is passed over.
   *
   * @param end number of the segment behind the last one that is wanted; catalogs may cover more
   */
  public static Catalogs of(final RecordingReader reader, final Segments segments, final long end)
      throws IOException {
    final NavigableMap<Long, CatalogReader> found = new TreeMap<>();
    final NavigableMap<Long, NavigableSet<Long>> present = present(reader);
    for (final Map.Entry<Long, NavigableSet<Long>> size : present.descendingMap().entrySet()) {
      for (final long first : size.getValue()) {
        if (first < end && isFree(found, first, first + size.getKey() - 1)) {
          try {
            found.put(first, open(reader, segments, size.getKey(), first));
          } catch (final IndexException | SegmentException e) {
            LOG.debug("done without: {}", e.getMessage());
          }
        }
      }
    }
    final SegmentSet others = new SegmentSet(segments.first());
    long next = segments.first();
    for (final CatalogReader catalog : found.values()) {
      others.add(next, catalog.cover().firstSegment());
      next = catalog.cover().lastSegment() + 1;
    }
    others.add(next, end);
    return new Catalogs(List.copyOf(found.values()), others);
  }

  private static boolean isFree(
      final NavigableMap<Long, CatalogReader> found, final long first, final long last) {
    return !isCovered(found, first) && found.subMap(first, true, last, true).isEmpty();
  }

  private static boolean isCovered(
      final NavigableMap<Long, CatalogReader> found, final long number) {
    final Map.Entry<Long, CatalogReader> before = found.floorEntry(number);
    return before != null && before.getValue().cover().lastSegment() >= number;
  }

  /** The catalogs that there are: their first segments, by how many they cover. */
  static NavigableMap<Long, NavigableSet<Long>> present(final RecordingReader reader)
      throws IOException {
    final RecordingPaths paths = reader.recording().paths();
    final NavigableMap<Long, NavigableSet<Long>> present = new TreeMap<>();
    for (final ObjectStatus directory : reader.list(paths.catalogs())) {
      if (directory.isDirectory() && directory.name().matches("[1-9][0-9]{0,8}")) {
        final long size = Long.parseLong(directory.name());
        for (final ObjectStatus catalog : reader.list(directory.path())) {
          final OptionalLong first = SpanName.CATALOG.firstSegment(catalog.name());
          if (first.isPresent() && catalog.path().equals(paths.catalog(size, first.getAsLong()))) {
            present.computeIfAbsent(size, any -> new TreeSet<>()).add(first.getAsLong());
          }
        }
      }
    }
    return present;
  }

  /**
   * Opens one.
   *
   * @throws IndexException when it is missing, damaged or not of the segments that it should be of
   */
  static CatalogReader open(
      final RecordingReader reader, final Segments segments, final long size, final long first)
      throws IOException {
    final String path = reader.recording().paths().catalog(size, first);
    final Optional<RunBytes> bytes = reader.run(path);
    if (bytes.isEmpty()) {
      throw new IndexException(reader.place(path), "is missing");
    }
    final CatalogReader catalog = CatalogReader.open(bytes.get());
    final RunCover cover = catalog.cover();
    if (cover.firstSegment() != first || cover.segments() != size || !segments.areThoseOf(cover)) {
      throw new IndexException(catalog.name(), "is of other segments");
    }
    return catalog;
  }
}
