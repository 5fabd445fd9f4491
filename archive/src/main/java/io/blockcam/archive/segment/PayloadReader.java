package io.blockcam.archive.segment;

import static io.blockcam.archive.record.RecordDescriptor.BLOCK_BYTES;

import io.blockcam.archive.hash.Crc32c;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Brings payloads out of segments, in few large reads, each checked against the record that names
 * it before anybody sees it. One thread; keeps its memory from one segment to the next.
 */
public final class PayloadReader {

  /** Payloads that are read with one request; also how far apart they may lie. */
  private static final int MAX_READ_BLOCKS = 4096;

  private static final int MAX_GAP_BLOCKS = 128;

  private final Crc32c crc = new Crc32c();
  private ByteBuffer chunk = ByteBuffer.allocate(0);

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
   * @throws SegmentException when one is not what its record says
   */
  public void read(final SegmentReader segment, final WantedPayloads wanted, final Sink sink)
      throws IOException {
    for (int from = 0; from < wanted.count(); ) {
      final int to = endOfRead(wanted, from);
      final int first = wanted.payload(from);
      final int blocks = wanted.payload(to - 1) - first + 1;
      reserve(blocks);
      segment.readPayloads(first, chunk.clear().limit(blocks * BLOCK_BYTES));
      for (int i = from; i < to; i++) {
        final int at = (wanted.payload(i) - first) * BLOCK_BYTES;
        final ByteBuffer payload = chunk.duplicate().limit(at + BLOCK_BYTES).position(at);
        segment.checkPayload(wanted.record(i), wanted.payload(i), wanted.crc32c(i), payload, crc);
        sink.take(i, payload);
      }
      from = to;
    }
  }

  private static int endOfRead(final WantedPayloads wanted, final int from) {
    final int first = wanted.payload(from);
    int to = from + 1;
    while (to < wanted.count()
        && wanted.payload(to) - wanted.payload(to - 1) <= MAX_GAP_BLOCKS
        && wanted.payload(to) - first < MAX_READ_BLOCKS) {
      to++;
    }
    return to;
  }

  /** What it grew to serves for all that come after. */
  private void reserve(final int blocks) {
    if (chunk.capacity() < blocks * BLOCK_BYTES) {
      chunk =
          ByteBuffer.allocateDirect(
              Math.min(2 * Integer.highestOneBit(blocks), MAX_READ_BLOCKS) * BLOCK_BYTES);
    }
  }
}
