package io.blockcam.replay;

import io.blockcam.archive.record.RecordTable;
import io.blockcam.archive.segment.SegmentTables;
import io.blockcam.archive.segment.SegmentTrailer;
import io.blockcam.history.Progress;
import io.blockcam.history.Segment;
import java.io.IOException;
import java.util.List;

/** The records of a recording in their order, the tables of one segment in memory at a time. */
public final class RecordLog {

  private RecordLog() {}

  /** Takes records. */
  @FunctionalInterface
  public interface Sink {

    /**
     * Takes some of one segment.
     *
     * @param from the first
     * @param to behind the last
     * @return whether it wants more
     */
    boolean take(Segment segment, SegmentTables tables, int from, int to) throws IOException;
  }

  /**
   * Reads records.
   *
   * @param segments of the recording, in order
   * @param first the lowest sequence that is wanted
   * @param last the highest one
   * @param progress called with the segments done, and all that there are
   */
  public static void read(
      final List<Segment> segments,
      final long first,
      final long last,
      final Sink sink,
      final Progress progress)
      throws IOException {
    for (int s = 0; s < segments.size(); s++) {
      final SegmentTrailer trailer = segments.get(s).trailer();
      if (trailer.lastSequence() >= first && trailer.firstSequence() <= last) {
        final SegmentTables tables = segments.get(s).reader().tables();
        final RecordTable records = tables.records();
        final long firstOfSegment = trailer.firstSequence();
        final int from = (int) Math.max(0, first - firstOfSegment);
        final int to = (int) Math.min(records.count(), last - firstOfSegment + 1);
        if (!sink.take(segments.get(s), tables, from, to)) {
          return;
        }
      }
      progress.update(s + 1, segments.size());
    }
  }
}
