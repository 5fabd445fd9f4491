package io.blockcam.history;

import io.blockcam.archive.segment.SegmentChain;
import io.blockcam.archive.segment.SegmentReader;
import io.blockcam.archive.segment.SegmentTables;
import java.io.IOException;
import java.util.stream.LongStream;

/** Reads segments side by side, and checks that each follows the one before. One thread. */
final class ChainedSegments {
  private final RecordingReader reader;
  private final Segments segments;
  private final int atOnce;

  /**
   * @param atOnce how many are read at the same time; of each all its tables are in memory
   */
  ChainedSegments(final RecordingReader reader, final Segments segments, final int atOnce) {
    this.reader = reader;
    this.segments = segments;
    this.atOnce = atOnce;
  }

  /** Takes segments in their order. */
  @FunctionalInterface
  interface Sink {
    void take(SegmentReader segment, SegmentTables tables) throws IOException;
  }

  private record Opened(SegmentReader segment, SegmentTables tables) {}

  /**
   * Reads some of them.
   *
   * @throws io.blockcam.archive.segment.SegmentException when one is missing, damaged, or none that
   *     can follow the one before
   */
  void read(final long first, final long count, final Sink sink) throws IOException {
    final SegmentChain[] chain = new SegmentChain[1];
    InOrder.run(
        LongStream.range(first, first + count).boxed().toList(),
        InOrder.workers(atOnce),
        atOnce,
        this::open,
        (number, opened) -> {
          final SegmentReader segment = opened.segment;
          chain[0] =
              number == first
                  ? reader.beginning().resume(segment.trailer())
                  : chain[0].next(segment.name(), number, segment.trailer());
          sink.take(segment, opened.tables);
        });
  }

  private Opened open(final long number) throws IOException {
    final SegmentReader segment = segments.open(number);
    return new Opened(segment, segment.tables());
  }
}
