package io.blockcam.history;

import io.blockcam.archive.index.IndexException;
import io.blockcam.archive.index.RunReader;
import io.blockcam.archive.segment.SegmentException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs of the index that have references to records, as large as there are, and the segments that
 * none of them covers. Immutable.
 *
 * @param runs side by side or not, in the order of the record
 * @param others numbers of segments, in order
 */
public record RefRuns(List<RunReader> runs, List<Long> others) {
  private static final Logger LOG = LoggerFactory.getLogger(RefRuns.class);

  /** Copies the lists. */
  public RefRuns {
    runs = List.copyOf(runs);
    others = List.copyOf(others);
  }

  /**
   * Looks for them.
   *
   * @param end number of the segment behind the last one that is wanted
   * @param useIndex whether to look into the index of the archive; else there are no runs
   */
  public static RefRuns of(
      final RecordingReader reader, final Segments segments, final long end, final boolean useIndex)
      throws IOException {
    if (!useIndex || segments.first() >= end) {
      return new RefRuns(List.of(), LongStream.range(segments.first(), end).boxed().toList());
    }
    final Finding finding = new Finding(new RunMaker(reader, segments, 1, 1));
    finding.take(IndexSpans.of(reader, segments).planOfRuns(segments.first(), end - 1));
    return new RefRuns(finding.runs, finding.others);
  }

  private static final class Finding {
    private final RunMaker maker;
    private final List<RunReader> runs = new ArrayList<>();
    private final List<Long> others = new ArrayList<>();

    Finding(final RunMaker maker) {
      this.maker = maker;
    }

    void take(final List<IndexSpans.Span> spans) throws IOException {
      for (final IndexSpans.Span span : spans) {
        if (span.path() == null) {
          others.add(span.first());
        } else if (!isTaken(span.path())) {
          take(span.parts());
        }
      }
    }

    private boolean isTaken(final String path) throws IOException {
      try {
        final RunReader run = maker.open(path);
        if (run.hasRefs()) {
          runs.add(run);
          return true;
        }
      } catch (final IndexException | SegmentException e) { // what it covers is searched itself
        LOG.debug("done without: {}", e.getMessage());
      }
      return false;
    }
  }
}
