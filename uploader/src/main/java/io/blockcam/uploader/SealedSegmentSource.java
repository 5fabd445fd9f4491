package io.blockcam.uploader;

import io.blockcam.archive.Recording;
import io.blockcam.archive.hash.Sha256;
import io.blockcam.archive.hash.Sha256Digest;
import io.blockcam.archive.segment.FileBytes;
import io.blockcam.archive.segment.SegmentException;
import io.blockcam.archive.segment.SegmentName;
import io.blockcam.archive.segment.SegmentReader;
import io.blockcam.archive.segment.SegmentTrailer;
import io.blockcam.archive.segment.SegmentTrailerDescriptor;
import io.blockcam.archive.store.ObjectSource;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of a sealed segment, checked against the digests in its trailer while they are read: a
 * segment that was damaged in the spool is never published under its final name.
 */
final class SealedSegmentSource implements ObjectSource {
  private final Path file;
  private final SegmentTrailer trailer;

  private SealedSegmentSource(final Path file, final SegmentTrailer trailer) {
    this.file = file;
    this.trailer = trailer;
  }

  /**
   * Reads the end of a segment.
   *
   * @param file of the spool
   * @param recording it must belong to
   * @throws SegmentException when it is damaged, or another segment than its name says
   */
  static SealedSegmentSource of(final Path file, final Recording recording) throws IOException {
    final SegmentTrailer trailer;
    try (FileBytes bytes = FileBytes.open(file)) {
      trailer = SegmentReader.open(bytes).trailer();
    }
    if (!trailer.recordingId().equals(recording.id())) {
      throw SegmentException.of(
          file.toString(),
          "belongs to recording %s, not to %s".formatted(trailer.recordingId(), recording.id()));
    }
    final String name = SegmentName.sealed(trailer.segmentNumber());
    if (!file.endsWith(name)) {
      throw SegmentException.of(file.toString(), "holds segment " + name);
    }
    return new SealedSegmentSource(file, trailer);
  }

  @Override
  public String describe() {
    return file.toString();
  }

  @Override
  public long lengthBytes() {
    return trailer.fileBytes();
  }

  @Override
  public InputStream open() throws IOException {
    return new Checked(Files.newInputStream(file));
  }

  /** What one digest of the trailer stands for. */
  private record Part(String name, long endOffset, Sha256Digest digest) {}

  /** The parts in their order; the last one leaves the last bytes of the trailer out. */
  private List<Part> parts() {
    return List.of(
        new Part("header and payloads", trailer.hashesOffset(), trailer.payloadSha256()),
        new Part("the tables", trailer.trailerOffset(), trailer.tablesSha256()),
        new Part(
            "the trailer",
            trailer.trailerOffset() + SegmentTrailerDescriptor.DIGEST_OFFSET,
            trailer.digest()));
  }

  /** Fails where a part ends whose digest is not what the trailer says. */
  private final class Checked extends InputStream {
    private final InputStream in;
    private final Iterator<Part> parts = parts().iterator();
    private final Sha256 sha = new Sha256();
    private @Nullable Part part = parts.next();
    private long position;

    private Checked(final InputStream in) {
      this.in = in;
    }

    @Override
    public int read() throws IOException {
      final byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(final byte[] b, final int off, final int len) throws IOException {
      final Part current = part;
      if (current == null) {
        return in.read(b, off, len);
      }
      final int count = in.read(b, off, (int) Math.min(len, current.endOffset() - position));
      if (count > 0) {
        sha.update(b, off, count);
        position += count;
      }
      if (position == current.endOffset()) {
        check(current);
        part = parts.hasNext() ? parts.next() : null;
      }
      return count;
    }

    private void check(final Part whole) throws SegmentException {
      final Sha256Digest digest = sha.finish();
      if (!digest.equals(whole.digest())) {
        throw SegmentException.of(
            file.toString(),
            "was damaged in the spool: SHA-256 of %s is %s, sealed was %s"
                .formatted(whole.name(), digest, whole.digest()));
      }
    }

    @Override
    public void close() throws IOException {
      in.close();
    }
  }
}
