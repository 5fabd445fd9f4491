package io.blockcam.archive.segment;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdException;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Reads frames of a segment and decodes them. One thread; keeps its memory for the next ones. */
final class FrameReader {
  /** Of one request. */
  static final int MOST_BYTES = 4 << 20;

  private final ByteBuffer decoded = ByteBuffer.allocateDirect(Frames.FRAME_BYTES);
  private ByteBuffer stored = ByteBuffer.allocate(0);

  /** Takes frames. */
  @FunctionalInterface
  interface Sink {
    /**
     * Takes one.
     *
     * @param payloads of it, not checked; only during the call
     */
    void take(int frame, ByteBuffer payloads) throws IOException;
  }

  /**
   * Reads frames that lie side by side, with as few requests as fit.
   *
   * @param from the first one
   * @param to behind the last one
   * @throws SegmentException when one can not be decoded
   */
  void read(final SegmentReader segment, final int from, final int to, final Sink sink)
      throws IOException {
    final FrameTable table = segment.frames();
    for (int first = from; first < to; ) {
      int end = first + 1;
      while (end < to && table.offset(end + 1) - table.offset(first) <= MOST_BYTES) {
        end++;
      }
      readAtOnce(segment, table, first, end, sink);
      first = end;
    }
  }

  private void readAtOnce(
      final SegmentReader segment,
      final FrameTable table,
      final int from,
      final int to,
      final Sink sink)
      throws IOException {
    final long start = table.offset(from);
    reserve((int) (table.offset(to) - start));
    segment.read(start, stored.clear().limit((int) (table.offset(to) - start)));
    for (int frame = from; frame < to; frame++) {
      final int at = (int) (table.offset(frame) - start);
      if (table.isRaw(frame)) {
        sink.take(frame, stored.slice(at, table.plainBytes(frame)));
      } else {
        sink.take(frame, decode(segment, table, frame, at));
      }
    }
  }

  private ByteBuffer decode(
      final SegmentReader segment, final FrameTable table, final int frame, final int at)
      throws SegmentException {
    final int plainBytes = table.plainBytes(frame);
    final long count;
    try {
      count =
          Zstd.decompressDirectByteBuffer(
              decoded, 0, plainBytes, stored, at, table.storedBytes(frame));
    } catch (final ZstdException e) {
      throw undecodable(segment, table, frame, String.valueOf(e.getMessage()));
    }
    if (count != plainBytes) {
      throw undecodable(
          segment, table, frame, "it has %d bytes, not %d".formatted(count, plainBytes));
    }
    return decoded.slice(0, plainBytes);
  }

  private static SegmentException undecodable(
      final SegmentReader segment, final FrameTable table, final int frame, final String why) {
    return SegmentException.at(
        segment.name(),
        table.offset(frame),
        "frame %d is not encoded as it should be: %s".formatted(frame, why));
  }

  private void reserve(final int bytes) {
    if (stored.capacity() < bytes) {
      stored = ByteBuffer.allocateDirect(Math.min(2 * Integer.highestOneBit(bytes), MOST_BYTES));
    }
  }
}
