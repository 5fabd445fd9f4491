package io.blockcam.history;

import io.blockcam.archive.index.CatalogReader;
import io.blockcam.archive.index.CatalogSum;
import io.blockcam.archive.index.IndexException;
import io.blockcam.archive.segment.SegmentTables;
import java.io.IOException;
import java.util.Map;
import java.util.NavigableSet;
import java.util.stream.LongStream;

/** Compares the catalogs of an archive with the segments. Changes nothing. One thread. */
final class CatalogVerifier {
  private final RecordingReader reader;
  private final Segments segments;
  private final int segmentsAtOnce;

  CatalogVerifier(final RecordingReader reader, final Segments segments, final int segmentsAtOnce) {
    this.reader = reader;
    this.segments = segments;
    this.segmentsAtOnce = segmentsAtOnce;
  }

  /**
   * Compares all that there are.
   *
   * @return how many
   * @throws io.blockcam.archive.segment.SegmentException when a segment is missing or damaged
   */
  long run(final IndexVerifier.Findings findings) throws IOException {
    long checked = 0;
    for (final Map.Entry<Long, NavigableSet<Long>> size : Catalogs.present(reader).entrySet()) {
      for (final long first : size.getValue()) {
        checked++;
        try {
          check(Catalogs.open(reader, segments, size.getKey(), first));
        } catch (final IndexException e) {
          findings.found(
              reader.recording().paths().catalog(size.getKey(), first),
              String.valueOf(e.getMessage()));
        }
      }
    }
    return checked;
  }

  private void check(final CatalogReader catalog) throws IOException {
    final CatalogSum said = new CatalogSum();
    said.add(catalog);
    final CatalogSum expected = new CatalogSum();
    InOrder.run(
        LongStream.rangeClosed(catalog.cover().firstSegment(), catalog.cover().lastSegment())
            .boxed()
            .toList(),
        InOrder.workers(segmentsAtOnce),
        segmentsAtOnce,
        this::tables,
        expected::add);
    if (!said.isThatOf(expected)) {
      throw new IndexException(catalog.name(), "does not name the records of its segments");
    }
  }

  private SegmentTables tables(final long number) throws IOException {
    return segments.open(number).tables();
  }
}
