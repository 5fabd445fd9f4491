package io.blockcam.history;

import io.blockcam.archive.RecordingPaths;
import io.blockcam.archive.SpanName;
import io.blockcam.store.ObjectStatus;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableSet;
import java.util.TreeSet;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Which runs an index may have, and which of them make up a stretch of segments.
 *
 * <p>A run of size 8<sup>k</sup> covers as many segments, from a multiple of its size on. A
 * <em>map</em> covers all from the first on; there is one now and then. So a stretch from the
 * beginning is a map and, for each size, at most seven runs up and seven down.
 */
final class IndexSpans {
  /** How many runs make up the next larger one. */
  static final int FAN_OUT = 8;

  /** For an archive without an index. */
  static final IndexSpans NONE = new IndexSpans(null, new TreeSet<>(), new TreeSet<>(), 0);

  private final @Nullable RecordingPaths paths;
  private final NavigableSet<Long> sizes;

  /** The last segment of each map. */
  private final NavigableSet<Long> maps;

  private final long firstWhole;

  private IndexSpans(
      final @Nullable RecordingPaths paths,
      final NavigableSet<Long> sizes,
      final NavigableSet<Long> maps,
      final long firstWhole) {
    this.paths = paths;
    this.sizes = sizes;
    this.maps = maps;
    this.firstWhole = firstWhole;
  }

  /**
   * A stretch of segments.
   *
   * @param path of the run that may cover it; null for a single segment
   * @param smaller what makes it up when there is no such run
   */
  record Span(long first, long last, @Nullable String path, Supplier<List<Span>> smaller) {

    static Span segment(final long number) {
      return new Span(number, number, null, List::of);
    }

    List<Span> parts() {
      return smaller.get();
    }
  }

  /** Looks at what an archive has; which runs of a size there are is seen when they are opened. */
  static IndexSpans of(final RecordingReader reader, final Segments segments) throws IOException {
    final RecordingPaths paths = reader.recording().paths();
    final NavigableSet<Long> sizes = new TreeSet<>();
    for (final ObjectStatus entry : reader.list(paths.index())) {
      if (entry.isDirectory() && entry.name().matches("[1-9][0-9]{0,8}")) {
        final long size = Long.parseLong(entry.name());
        if (isSize(size)) {
          sizes.add(size);
        }
      }
    }
    if (sizes.isEmpty()) {
      return NONE;
    }
    final long firstWhole = segments.firstWhole();
    return new IndexSpans(paths, sizes, maps(reader, firstWhole), firstWhole);
  }

  private static boolean isSize(final long size) {
    return size >= FAN_OUT && Long.bitCount(size) == 1 && Long.numberOfTrailingZeros(size) % 3 == 0;
  }

  /** The last segments of the maps that begin with a segment. */
  static NavigableSet<Long> maps(final RecordingReader reader, final long first)
      throws IOException {
    final NavigableSet<Long> maps = new TreeSet<>();
    for (final ObjectStatus map : reader.list(reader.recording().paths().maps())) {
      SpanName.RUN
          .lastSegment(map.name())
          .ifPresent(
              last -> {
                if (map.name().equals(SpanName.RUN.of(first, last))) {
                  maps.add(last);
                }
              });
    }
    return maps;
  }

  static String run(final RecordingPaths paths, final long first, final long size) {
    return paths.runs(size, first) + "/" + SpanName.RUN.of(first, first + size - 1);
  }

  static String map(final RecordingPaths paths, final long first, final long last) {
    return paths.maps() + "/" + SpanName.RUN.of(first, last);
  }

  /**
   * What makes up a stretch.
   *
   * @param first number of the first segment
   * @param last number of the last one
   * @param covered number of the last one that may be covered by a run
   */
  List<Span> plan(final long first, final long last, final long covered) {
    final List<Span> plan = new ArrayList<>();
    long at = first;
    while (at < firstWhole && at <= last) {
      plan.add(Span.segment(at++));
    }
    final Long map = at == firstWhole ? maps.floor(covered) : null;
    if (map != null && paths != null) {
      final long from = at;
      plan.add(new Span(at, map, map(paths, at, map), () -> runs(from, map, map)));
      at = map + 1;
    }
    plan.addAll(runs(at, last, covered));
    return plan;
  }

  private List<Span> runs(final long first, final long last, final long covered) {
    final List<Span> runs = new ArrayList<>();
    for (long at = first; at <= last; at = runs.get(runs.size() - 1).last() + 1) {
      runs.add(largest(at, covered));
    }
    return runs;
  }

  private Span largest(final long first, final long covered) {
    for (final long size : sizes.descendingSet()) {
      if (first % size == 0 && first + size - 1 <= covered) {
        return run(first, size);
      }
    }
    return Span.segment(first);
  }

  private Span run(final long first, final long size) {
    final long last = first + size - 1;
    return new Span(
        first,
        last,
        paths == null ? null : run(paths, first, size),
        () -> {
          final Long smaller = sizes.lower(size);
          final List<Span> parts = new ArrayList<>();
          for (long at = first; at <= last; at = parts.get(parts.size() - 1).last() + 1) {
            parts.add(smaller == null ? Span.segment(at) : run(at, smaller));
          }
          return parts;
        });
  }
}
