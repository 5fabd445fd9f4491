package io.blockcam.archive.segment;

import static io.blockcam.archive.segment.SegmentTrailerDescriptor.TRAILER_BYTES;

import io.blockcam.archive.hash.Sha256Digest;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/** Trailers that no writer writes yet. */
final class Trailers {
  private Trailers() {}

  /** The same segment as one that stands for others. */
  static SegmentTrailer base(final SegmentTrailer t, final Sha256Digest replaced) {
    return new SegmentTrailer(
            t.recordingId(),
            t.epoch(),
            t.segmentNumber(),
            t.recovered(),
            true,
            t.recordCount(),
            t.payloadCount(),
            t.firstSequence(),
            t.firstTimestampNs(),
            t.lastTimestampNs(),
            t.diskBytes(),
            t.headerSha256(),
            t.tablesSha256(),
            t.previousDigest(),
            replaced,
            Sha256Digest.NONE,
            t.storage())
        .withDigest();
  }

  /** Puts another trailer behind a segment. */
  static void replace(final Path file, final SegmentTrailer trailer) throws IOException {
    final byte[] bytes = Files.readAllBytes(file);
    System.arraycopy(trailer.encode(), 0, bytes, bytes.length - TRAILER_BYTES, TRAILER_BYTES);
    Files.write(file, bytes);
  }

  /** Puts a signature between a segment and its trailer. */
  static void sign(final Path file, final int kind, final byte[] signature) {
    try {
      Files.write(file, signed(Files.readAllBytes(file), kind, signature));
    } catch (final IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The same of bytes. */
  static byte[] signed(final byte[] bytes, final int kind, final byte[] signature)
      throws IOException {
    final SegmentTrailer trailer =
        SegmentReader.open(new ArrayBytes(bytes, bytes.length)).trailer();
    final SegmentStorage storage = trailer.storage();
    final byte[] signed = Arrays.copyOf(bytes, bytes.length + signature.length);
    final int at = bytes.length - TRAILER_BYTES;
    System.arraycopy(signature, 0, signed, at, signature.length);
    System.arraycopy(
        trailer
            .storedAs(
                new SegmentStorage(
                    storage.encoding(), storage.payloadBytes(), kind, signature.length))
            .encode(),
        0,
        signed,
        at + signature.length,
        TRAILER_BYTES);
    return signed;
  }
}
