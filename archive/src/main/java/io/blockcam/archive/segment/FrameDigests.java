package io.blockcam.archive.segment;

import io.blockcam.archive.hash.Sha256;
import io.blockcam.archive.hash.Sha256Digest;
import java.nio.ByteBuffer;

/**
 * The SHA-256 of each frame, as the tables of a segment have them: with these, part of a segment is
 * as well proven as all of it.
 */
final class FrameDigests {
  private final ByteBuffer digests;

  FrameDigests(final ByteBuffer digests) {
    this.digests = digests;
  }

  /** The same, without the memory that they are part of. */
  FrameDigests copy() {
    return new FrameDigests(
        ByteBuffer.allocate(digests.limit()).put(0, digests, 0, digests.limit()));
  }

  long bytes() {
    return digests.limit();
  }

  /**
   * Whether a frame is what was sealed.
   *
   * @param payloads of the frame, decoded; not consumed
   * @param sha scratch of the calling thread
   */
  boolean match(final int frame, final ByteBuffer payloads, final Sha256 sha) {
    sha.update(payloads.slice());
    final ByteBuffer computed = ByteBuffer.wrap(sha.finish().toByteArray());
    return digests.slice(frame * Sha256Digest.BYTES, Sha256Digest.BYTES).equals(computed);
  }
}
