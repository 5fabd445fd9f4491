package io.blockcam.archive.segment;

import static io.blockcam.archive.record.RecordDescriptor.BLOCK_BYTES;
import static io.blockcam.archive.segment.SegmentHeaderDescriptor.HEADER_BYTES;
import static java.nio.ByteOrder.LITTLE_ENDIAN;

import com.github.luben.zstd.Zstd;
import io.blockcam.archive.Writes;
import io.blockcam.archive.hash.Sha256;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.Optional;
import java.util.zip.CRC32C;

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

  /** Frames of a sample: 2 MiB, a few milliseconds of work. */
  private static final int SAMPLED_FRAMES = 16;

  private final FrameReader frames = new FrameReader();
  private final Sha256 sha = new Sha256();
  private final byte[] encoded = new byte[(int) Zstd.compressBound(Frames.FRAME_BYTES)];

  /**
   * An encoded segment.
   *
   * @param trailer of it
   * @param crc32c of all its bytes, for whoever reads it again before it is where it belongs
   */
  public record Encoded(SegmentTrailer trailer, int crc32c) {}

  /**
   * What encoding makes of a few frames.
   *
   * @param plainBytes how much they are
   * @param encodedBytes how much would be stored of them
   * @param nanos how long reading and encoding them took
   */
  public record Sample(long plainBytes, long encodedBytes, long nanos) {

    /** Whether a segment of such frames is worth encoding. */
    public boolean isWorthIt() {
      return plainBytes > 0 && isWorth(encodedBytes, plainBytes);
    }
  }

  /**
   * Encodes some frames of a segment, evenly spread, to see what comes of it.
   *
   * @param segment raw and unsigned
   */
  public Sample sample(final SegmentReader segment) throws IOException {
    final int count = Frames.count(segment.trailer().payloadCount());
    final int sampled = Math.min(count, SAMPLED_FRAMES);
    final long[] bytes = new long[2];
    final long startNs = System.nanoTime();
    for (int i = 0; i < sampled; i++) {
      final int frame = (int) ((long) i * count / sampled);
      frames.read(
          segment,
          frame,
          frame + 1,
          (number, payloads) -> {
            bytes[0] += payloads.remaining();
            bytes[1] += encode(payloads).remaining();
          });
    }
    return new Sample(bytes[0], bytes[1], System.nanoTime() - startNs);
  }

  /**
   * Encodes.
   *
   * @param segment raw and unsigned
   * @param into empty; afterwards the encoded segment, unless it is not worth it
   * @return what was written; empty when it is not worth it, at least an eighth smaller
   * @throws SegmentException when a frame or a table is not what was sealed
   */
  public Optional<Encoded> encode(final SegmentReader segment, final FileChannel into)
      throws IOException {
    final SegmentTrailer raw = segment.trailer();
    if (!raw.storage().equals(SegmentStorage.raw(raw.payloadCount()))) {
      throw new IllegalArgumentException(segment.name() + " is encoded or signed already");
    }
    final FrameDigests digests = segment.tables().frameDigests();
    final Output out = new Output(into);
    copy(segment, 0, HEADER_BYTES, out);
    final byte[] lengths = new byte[Frames.count(raw.payloadCount()) * Integer.BYTES];
    final ByteBuffer lengthsView = ByteBuffer.wrap(lengths).order(LITTLE_ENDIAN);
    frames.read(
        segment,
        0,
        Frames.count(raw.payloadCount()),
        (frame, payloads) -> {
          if (!digests.match(frame, payloads, sha)) {
            throw segment.frameProblem(frame);
          }
          lengthsView.putInt(frame * Integer.BYTES, write(payloads, out));
        });
    final long payloadBytes = out.position - HEADER_BYTES;
    final long rawBytes = (long) raw.payloadCount() * BLOCK_BYTES;
    if (rawBytes == 0 || !isWorth(payloadBytes, rawBytes)) {
      return Optional.empty();
    }
    copy(segment, raw.tablesOffset(), raw.tablesEnd() - raw.tablesOffset(), out);
    out.write(ByteBuffer.wrap(lengths));
    final SegmentTrailer trailer =
        raw.storedAs(new SegmentStorage(PayloadEncoding.ZSTD, payloadBytes, 0, 0));
    out.write(ByteBuffer.wrap(trailer.encode()));
    return Optional.of(new Encoded(trailer, (int) out.crc.getValue()));
  }

  private int write(final ByteBuffer payloads, final Output out) throws IOException {
    final ByteBuffer chosen = encode(payloads);
    final int length = chosen.remaining();
    out.write(chosen);
    return length;
  }

  /** What is stored of a frame: encoded, or itself. */
  private ByteBuffer encode(final ByteBuffer payloads) {
    final int plainBytes = payloads.remaining();
    final int count =
        (int)
            Zstd.compressByteArray(
                encoded,
                0,
                encoded.length,
                payloads.array(),
                payloads.arrayOffset() + payloads.position(),
                plainBytes,
                LEVEL);
    return isWorth(count, plainBytes) ? ByteBuffer.wrap(encoded, 0, count) : payloads;
  }

  private static boolean isWorth(final long encodedBytes, final long plainBytes) {
    return encodedBytes <= plainBytes - (plainBytes >> WORTH_SHIFT);
  }

  private static void copy(
      final SegmentReader from, final long offset, final long length, final Output out)
      throws IOException {
    final ByteBuffer chunk = ByteBuffer.allocate((int) Math.min(length, COPY_BYTES));
    try (RandomAccessBytes.Sequence bytes = from.sequence(offset, length)) {
      for (long at = 0; at < length; at += chunk.limit()) {
        bytes.read(chunk.clear().limit((int) Math.min(chunk.capacity(), length - at)));
        out.write(chunk.flip());
      }
    }
  }

  /** A file that grows. */
  private static final class Output {
    private final FileChannel file;
    private final CRC32C crc = new CRC32C();
    private long position;

    Output(final FileChannel file) {
      this.file = file;
    }

    void write(final ByteBuffer bytes) throws IOException {
      crc.update(bytes.duplicate());
      final int count = bytes.remaining();
      Writes.all(file, bytes, position);
      position += count;
    }
  }
}
