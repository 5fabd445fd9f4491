package io.blockcam.archive.segment;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdException;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Reads frames of a segment and decodes them. One thread; keeps its memory for the next ones. */
final class FrameReader {
  // Arrays, since the JDK hashes what lies in one without copying it first.
  private final byte[] stored = new byte[Frames.FRAME_BYTES];
  private final byte[] decoded = new byte[Frames.FRAME_BYTES];

  /** Takes frames. */
  @FunctionalInterface
  interface Sink {
    /**
     * Takes one.
     *
     * @param payloads of it, not checked, backed by an array; only during the call
     */
    void take(int frame, ByteBuffer payloads) throws IOException;
  }

  /**
   * Reads frames that lie side by side, in one go.
   *
   * @param from the first one
   * @param to behind the last one
   * @throws SegmentException when one can not be decoded
   */
  void read(final SegmentReader segment, final int from, final int to, final Sink sink)
      throws IOException {
    final FrameTable table = segment.frames();
    final long start = table.offset(from);
    try (RandomAccessBytes.Sequence bytes = segment.sequence(start, table.offset(to) - start)) {
      for (int frame = from; frame < to; frame++) {
        final ByteBuffer next = ByteBuffer.wrap(stored, 0, table.storedBytes(frame));
        bytes.read(next);
        sink.take(frame, table.isRaw(frame) ? next.flip() : decode(segment, table, frame));
      }
    }
  }

  private ByteBuffer decode(final SegmentReader segment, final FrameTable table, final int frame)
      throws SegmentException {
    final int plainBytes = table.plainBytes(frame);
    final long count;
    try {
      count = Zstd.decompressByteArray(decoded, 0, plainBytes, stored, 0, table.storedBytes(frame));
    } catch (final ZstdException e) {
      throw undecodable(segment, table, frame, String.valueOf(e.getMessage()));
    }
    if (count != plainBytes) {
      throw undecodable(
          segment, table, frame, "it has %d bytes, not %d".formatted(count, plainBytes));
    }
    return ByteBuffer.wrap(decoded, 0, plainBytes);
  }

  private static SegmentException undecodable(
      final SegmentReader segment, final FrameTable table, final int frame, final String why) {
    return SegmentException.at(
        segment.name(),
        table.offset(frame),
        "frame %d is not encoded as it should be: %s".formatted(frame, why));
  }
}
