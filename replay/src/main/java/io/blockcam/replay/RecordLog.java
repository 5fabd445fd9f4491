package io.blockcam.replay;

import io.blockcam.archive.segment.SegmentChain;
import io.blockcam.archive.segment.SegmentException;
import io.blockcam.archive.segment.SegmentReader;
import io.blockcam.archive.segment.SegmentTables;
import io.blockcam.archive.segment.SegmentTrailer;
import io.blockcam.history.InOrder;
import io.blockcam.history.Progress;
import io.blockcam.history.RecordingReader;
import io.blockcam.history.Segment;
import io.blockcam.history.Segments;
import java.io.IOException;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/** The records of a recording in their order, the tables of two segments in memory at a time. */
public final class RecordLog {

  /** Segments of which the tables are in memory, up to 19 MiB of each. */
  private static final int READ_AHEAD = 2;

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
   * Reads records. Only the segments that hold them are opened, the next one while one is taken.
   *
   * @param segments of the recording
   * @param first the lowest sequence that is wanted
   * @param last the highest one
   * @param progress called with the segments done, and all that are read
   * @throws SegmentException when one is missing, damaged, or does not follow the one before
   */
  public static void read(
      final RecordingReader reader,
      final Segments segments,
      final long first,
      final long last,
      final Sink sink,
      final Progress progress)
      throws IOException {
    final long begin = segments.firstWhere(segment -> segment.lastSequence() >= first);
    final long end = segments.firstWhere(segment -> segment.firstSequence() > last);
    final SegmentChain[] chain = {
      begin == segments.first()
          ? reader.beginning()
          : reader.beginning().resume(segments.trailer(begin - 1))
    };
    final AtomicLong next = new AtomicLong(begin);
    final AtomicBoolean enough = new AtomicBoolean();
    InOrder.run(
        () -> enough.get() || next.get() >= end ? null : next.getAndIncrement(),
        Executors.newVirtualThreadPerTaskExecutor(),
        READ_AHEAD,
        number -> {
          final SegmentReader segment = segments.open(number);
          return new Loaded(new Segment(segment.withoutTail()), segment.tables());
        },
        (number, loaded) -> {
          if (enough.get()) {
            return;
          }
          final SegmentTrailer trailer = loaded.segment.trailer();
          chain[0] = chain[0].next(loaded.segment.reader().name(), number, trailer);
          final int from = (int) Math.max(0, first - trailer.firstSequence());
          final int to = (int) Math.min(trailer.recordCount(), last - trailer.firstSequence() + 1);
          enough.set(!sink.take(loaded.segment, loaded.tables, from, to));
          progress.update(number + 1 - begin, end - begin);
        });
  }

  private record Loaded(Segment segment, SegmentTables tables) {}
}
