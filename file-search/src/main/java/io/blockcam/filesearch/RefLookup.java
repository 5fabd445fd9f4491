package io.blockcam.filesearch;

import io.blockcam.archive.index.CatalogReader;
import io.blockcam.archive.index.IndexException;
import io.blockcam.archive.segment.SegmentLimits;
import io.blockcam.history.Catalogs;
import io.blockcam.history.HeapShare;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.LongStream;
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
  private final Set<CatalogReader> damaged = new HashSet<>();
  private long[] found = new long[1024];
  private int count;
  private boolean isFull;

  RefLookup(final Catalogs index) {
    this.index = index;
  }

  /**
   * Looks up keys.
   *
   * @param keys in order, each once
   * @return by numbers of segments the records to look at, in order
   * @throws FileSearchException when there are too many of them
   */
  SortedMap<Long, int[]> find(final long[] keys) throws IOException {
    count = 0;
    for (final CatalogReader catalog : index.all()) {
      if (!damaged.contains(catalog)) {
        try {
          for (final long key : keys) {
            catalog.keys().find(key, (segment, record) -> add(segment << RECORD_BITS | record));
            if (count > MOST_RECORDS) {
              throw FileSearchException.tooMany();
            }
          }
        } catch (final IndexException e) {
          damaged(catalog, e);
        }
      }
    }
    return bySegments();
  }

  /**
   * Segments that have records of some blocks, or may have them.
   *
   * @param blocks in order, each once
   * @return by numbers of segments the records to look at, in order; none where all of them are to
   *     be looked at
   */
  SortedMap<Long, Optional<int[]>> recordsOf(final long[] blocks) throws IOException {
    final SortedMap<Long, Optional<int[]>> segments = new TreeMap<>();
    count = 0;
    isFull = false;
    for (final CatalogReader catalog : index.all()) {
      if (!damaged.contains(catalog)) {
        try {
          for (final long block : blocks) {
            catalog.blocks().find(block, (segment, record) -> note(segments, segment, record));
          }
          catalog
              .runs()
              .eachRun(
                  (first, end, segment, record) -> {
                    if (isAnyIn(blocks, first, end)) {
                      note(segments, segment, record);
                    }
                  });
        } catch (final IndexException e) {
          damaged(catalog, e);
        }
      }
    }
    if (!isFull) {
      bySegments().forEach((segment, records) -> segments.put(segment, Optional.of(records)));
    }
    index.others().forEach(segment -> segments.put(segment, Optional.empty()));
    notCovered().forEach(segment -> segments.put(segment, Optional.empty()));
    return segments;
  }

  /** When there are too many of them for the heap, the segments alone. */
  private void note(
      final SortedMap<Long, Optional<int[]>> segments, final long segment, final int record) {
    if (!isFull && count >= MOST_RECORDS) {
      isFull = true;
      bySegments().keySet().forEach(known -> segments.put(known, Optional.empty()));
      count = 0;
    }
    if (isFull) {
      segments.put(segment, Optional.empty());
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
  List<Long> notCovered() {
    final List<Long> segments = new ArrayList<>();
    for (final CatalogReader catalog : damaged) {
      LongStream.rangeClosed(catalog.cover().firstSegment(), catalog.cover().lastSegment())
          .forEach(segments::add);
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
