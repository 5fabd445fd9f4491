package io.blockcam.filesearch;

import io.blockcam.archive.index.CatalogReader;
import io.blockcam.archive.index.IndexException;
import io.blockcam.archive.segment.SegmentLimits;
import io.blockcam.history.Catalogs;
import io.blockcam.history.HeapShare;
import io.blockcam.history.SegmentSet;
import java.io.IOException;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds records by what the index of an archive says of them: that is a hint where to look, and
 * nothing more. One thread.
 */
final class RefLookup {
  private static final Logger LOG = LoggerFactory.getLogger(RefLookup.class);
  private static final int RECORD_BITS = Integer.numberOfTrailingZeros(SegmentLimits.MAX_RECORDS);
  private static final int HEAP_PERCENT = 10;

  /** Of a record, while others are found. */
  private static final int RECORD_COST_BYTES = 24;

  private static final long MOST_RECORDS = HeapShare.bytes(HEAP_PERCENT) / RECORD_COST_BYTES;

  private final Catalogs index;
  private final long first;
  private final Set<CatalogReader> damaged = new HashSet<>();
  private long[] found = new long[1024];
  private int count;
  private boolean isFull;

  /**
   * @param first number of the first segment that there is
   */
  RefLookup(final Catalogs index, final long first) {
    this.index = index;
    this.first = first;
  }

  /** Takes records, by numbers of segments, in order. */
  @FunctionalInterface
  interface Found {
    void take(SortedMap<Long, int[]> records) throws IOException;
  }

  /**
   * Looks up keys.
   *
   * @param keys in order, each once
   * @param sink takes the records to look at, some at a time
   */
  void find(final long[] keys, final Found sink) throws IOException {
    count = 0;
    for (final CatalogReader catalog : index.all()) {
      if (!damaged.contains(catalog)) {
        try {
          for (final long key : keys) {
            catalog.keys().find(key, (segment, record) -> add(segment, record, sink));
          }
        } catch (final IndexException e) {
          damaged(catalog, e);
        }
      }
    }
    flush(sink);
  }

  private void add(final long segment, final int record, final Found sink) throws IOException {
    if (count >= MOST_RECORDS) {
      flush(sink);
    }
    add(segment << RECORD_BITS | record);
  }

  private void flush(final Found sink) throws IOException {
    final SortedMap<Long, int[]> records = bySegments();
    count = 0;
    sink.take(records);
  }

  /**
   * Segments that have records of some blocks, or may have them.
   *
   * @param blocks in order, each once
   */
  Plan recordsOf(final long[] blocks) throws IOException {
    final SegmentSet whole = new SegmentSet(first);
    count = 0;
    isFull = false;
    for (final CatalogReader catalog : index.all()) {
      if (!damaged.contains(catalog)) {
        try {
          for (final long block : blocks) {
            catalog.blocks().find(block, (segment, record) -> note(whole, segment, record));
          }
          catalog
              .runs()
              .eachRun(
                  (from, end, segment, record) -> {
                    if (isAnyIn(blocks, from, end)) {
                      note(whole, segment, record);
                    }
                  });
        } catch (final IndexException e) {
          damaged(catalog, e);
        }
      }
    }
    whole.add(index.others());
    whole.add(notCovered());
    return new Plan(whole, isFull ? new TreeMap<>() : bySegments());
  }

  /**
   * What is to be looked at.
   *
   * @param whole segments of which all records are
   * @param rows by numbers of segments the records of others, in order
   */
  record Plan(SegmentSet whole, SortedMap<Long, int[]> rows) {

    /** The records of a segment; null for all of them. */
    int @Nullable [] of(final long segment) {
      return whole.contains(segment) ? null : rows.get(segment);
    }

    /** All segments, in order. */
    SegmentSet segments(final long first, final long end) {
      final SegmentSet all = new SegmentSet(first);
      all.add(whole);
      rows.keySet().forEach(all::add);
      all.removeFrom(end);
      return all;
    }
  }

  /** When there are too many of them for the heap, the segments alone. */
  private void note(final SegmentSet whole, final long segment, final int record) {
    if (!isFull && count >= MOST_RECORDS) {
      isFull = true;
      bySegments().keySet().forEach(whole::add);
      count = 0;
    }
    if (isFull) {
      whole.add(segment);
    } else {
      add(segment << RECORD_BITS | record);
    }
  }

  private static boolean isAnyIn(final long[] blocks, final long first, final long end) {
    final int at = Arrays.binarySearch(blocks, first);
    final int from = at < 0 ? -at - 1 : at;
    return from < blocks.length && blocks[from] < end;
  }

  private void damaged(final CatalogReader catalog, final IndexException e) {
    LOG.warn("its segments are searched instead: {}", e.getMessage());
    damaged.add(catalog);
  }

  /** Segments of catalogs that turned out to be damaged: they must be searched themselves. */
  SegmentSet notCovered() {
    final SegmentSet segments = new SegmentSet(first);
    for (final CatalogReader catalog : damaged) {
      segments.add(catalog.cover().firstSegment(), catalog.cover().lastSegment() + 1);
    }
    return segments;
  }

  private void add(final long ref) {
    if (count == found.length) {
      found = Arrays.copyOf(found, 2 * count);
    }
    found[count++] = ref;
  }

  private SortedMap<Long, int[]> bySegments() {
    Arrays.sort(found, 0, count);
    final SortedMap<Long, int[]> records = new TreeMap<>();
    for (int from = 0, to; from < count; from = to) {
      final long segment = found[from] >>> RECORD_BITS;
      to = from + 1;
      while (to < count && found[to] >>> RECORD_BITS == segment) {
        to++;
      }
      records.put(
          segment,
          Arrays.stream(found, from, to)
              .distinct()
              .mapToInt(ref -> (int) ref & SegmentLimits.MAX_RECORDS - 1)
              .toArray());
    }
    return records;
  }
}
