package io.blockcam.archive.segment;

import static io.blockcam.archive.record.RecordDescriptor.BLOCK_BYTES;
import static io.blockcam.archive.segment.SegmentHeaderDescriptor.HEADER_BYTES;

import com.github.luben.zstd.Zstd;
import io.blockcam.archive.record.LittleEndian;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/**
 * Writes a segment anew, its payloads encoded. What it says stays the same, and so does its digest.
 * One thread.
 */
public final class SegmentEncoder {
  /** Faster than most networks. A level more costs a third of the rate and gives a few per cent. */
  private static final int LEVEL = 1;

  /** What is worth the work of decoding, of a frame and of a segment: an eighth. */
  private static final int WORTH_SHIFT = 3;

  private static final int COPY_BYTES = 1 << 20;

  private final FrameReader frames = new FrameReader();
  private final ByteBuffer encoded =
      ByteBuffer.allocateDirect((int) Zstd.compressBound(Frames.FRAME_BYTES));

  /**
   * Encodes.
   *
   * @param segment raw and unsigned; not checked here, whoever reads the result does
   * @param into empty; afterwards the encoded segment, unless it is not worth it
   * @return whether it is: at least an eighth smaller
   */
  public boolean encode(final SegmentReader segment, final FileChannel into) throws IOException {
    final SegmentTrailer raw = segment.trailer();
    if (!raw.storage().equals(SegmentStorage.raw(raw.payloadCount()))) {
      throw new IllegalArgumentException(segment.name() + " is encoded or signed already");
    }
    final Output out = new Output(into);
    copy(segment, 0, HEADER_BYTES, out);
    final byte[] lengths = new byte[Frames.count(raw.payloadCount()) * Integer.BYTES];
    final MemorySegment lengthsView = MemorySegment.ofArray(lengths);
    frames.read(
        segment,
        0,
        Frames.count(raw.payloadCount()),
        (frame, payloads) ->
            lengthsView.set(LittleEndian.U32, (long) frame * Integer.BYTES, write(payloads, out)));
    final long payloadBytes = out.position - HEADER_BYTES;
    final long rawBytes = (long) raw.payloadCount() * BLOCK_BYTES;
    if (payloadBytes > rawBytes - (rawBytes >> WORTH_SHIFT) || rawBytes == 0) {
      return false;
    }
    copy(segment, raw.tablesOffset(), raw.tablesEnd() - raw.tablesOffset(), out);
    out.write(ByteBuffer.wrap(lengths));
    out.write(
        ByteBuffer.wrap(
            raw.storedAs(new SegmentStorage(PayloadEncoding.ZSTD, payloadBytes, 0, 0)).encode()));
    return true;
  }

  private int write(final ByteBuffer payloads, final Output out) throws IOException {
    final int plainBytes = payloads.remaining();
    final long count =
        Zstd.compressDirectByteBuffer(
            encoded, 0, encoded.capacity(), payloads, payloads.position(), plainBytes, LEVEL);
    final boolean worth = count <= plainBytes - (plainBytes >> WORTH_SHIFT);
    final ByteBuffer chosen = worth ? encoded.slice(0, (int) count) : payloads;
    final int length = chosen.remaining();
    out.write(chosen);
    return length;
  }

  private static void copy(
      final SegmentReader from, final long offset, final long length, final Output out)
      throws IOException {
    final ByteBuffer chunk = ByteBuffer.allocate((int) Math.min(length, COPY_BYTES));
    for (long at = 0; at < length; at += chunk.limit()) {
      chunk.clear().limit((int) Math.min(chunk.capacity(), length - at));
      from.read(offset + at, chunk);
      out.write(chunk.flip());
    }
  }

  /** A file that grows. */
  private static final class Output {
    private final FileChannel file;
    private long position;

    Output(final FileChannel file) {
      this.file = file;
    }

    void write(final ByteBuffer bytes) throws IOException {
      while (bytes.hasRemaining()) {
        position += file.write(bytes, position);
      }
    }
  }
}
