package io.blockcam.archive.segment;

import static io.blockcam.archive.record.RecordDescriptor.BLOCK_BYTES;

import io.blockcam.archive.hash.Crc32c;
import io.blockcam.archive.hash.Sha256;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Objects;

/**
 * Brings payloads out of segments, in few large reads of whole frames. Nobody sees one before its
 * frame was found to be what was sealed, and itself to be what its record says. One thread; keeps
 * its memory from one segment to the next.
 */
public final class PayloadReader {

  /** Frames that are read only because they lie between two that are wanted. */
  private static final int MAX_GAP_FRAMES = 4;

  private final FrameReader frames = new FrameReader();
  private final Sha256 sha = new Sha256();
  private final Crc32c crc = new Crc32c();

  /** Takes payloads. */
  @FunctionalInterface
  public interface Sink {

    /**
     * Takes one.
     *
     * @param i which of those that were wanted
     * @param payload 4096 bytes from its position to its limit; only during the call
     */
    void take(int i, ByteBuffer payload) throws IOException;
  }

  /**
   * Reads payloads of one segment, in the order in which they are wanted.
   *
   * @param tables of the segment
   * @throws SegmentException when one is not what its record says
   */
  public void read(
      final SegmentReader segment,
      final SegmentTables tables,
      final WantedPayloads wanted,
      final Sink sink)
      throws IOException {
    new Reading(segment, tables.frameDigests(), wanted, sink).run();
  }

  /**
   * The same.
   *
   * @param contents of the segment
   */
  public void read(
      final SegmentReader segment,
      final ContentTable contents,
      final WantedPayloads wanted,
      final Sink sink)
      throws IOException {
    new Reading(segment, contents.frameDigests(), wanted, sink).run();
  }

  /** What is wanted of one segment, and how far it has come. */
  private final class Reading {
    private final SegmentReader segment;
    private final FrameDigests digests;
    private final WantedPayloads wanted;
    private final Sink sink;
    private int next;

    Reading(
        final SegmentReader segment,
        final FrameDigests digests,
        final WantedPayloads wanted,
        final Sink sink) {
      this.segment = segment;
      this.digests = digests;
      this.wanted = wanted;
      this.sink = sink;
    }

    void run() throws IOException {
      while (next < wanted.count()) {
        Objects.checkIndex(wanted.payload(next), segment.trailer().payloadCount());
        frames.read(segment, Frames.holding(wanted.payload(next)), endOfRead(), this::take);
      }
    }

    /** Behind the last frame that is read in one go. */
    private int endOfRead() {
      int frame = Frames.holding(wanted.payload(next));
      for (int i = next + 1; i < wanted.count(); i++) {
        final int another = Frames.holding(wanted.payload(i));
        if (another - frame > 1 + MAX_GAP_FRAMES) {
          break;
        }
        frame = another;
      }
      return frame + 1;
    }

    private void take(final int frame, final ByteBuffer payloads) throws IOException {
      int end = next;
      while (end < wanted.count() && Frames.holding(wanted.payload(end)) == frame) {
        final int crc32c = wanted.crc32c(end);
        segment.checkPayload(
            wanted.record(end), wanted.payload(end), crc32c, at(payloads, end), crc);
        end++;
      }
      if (end > next && !digests.match(frame, payloads, sha)) {
        throw segment.frameProblem(frame);
      }
      for (; next < end; next++) {
        sink.take(next, at(payloads, next));
      }
    }

    private ByteBuffer at(final ByteBuffer payloads, final int i) {
      return payloads.slice(wanted.payload(i) % Frames.FRAME_PAYLOADS * BLOCK_BYTES, BLOCK_BYTES);
    }
  }
}
