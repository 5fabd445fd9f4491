package io.blockcam.archive.segment;

import io.blockcam.archive.hash.Sha256;
import io.blockcam.archive.hash.Sha256Digest;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;

/**
 * The SHA-256 of each frame, as the tables of a segment have them: with these, part of a segment is
 * as well proven as all of it.
 */
final class FrameDigests {
  private final MemorySegment digests;

  FrameDigests(final MemorySegment digests) {
    this.digests = digests;
  }

  /** The same, without the memory that they are part of. */
  FrameDigests copy() {
    return new FrameDigests(MemorySegment.ofArray(digests.toArray(ValueLayout.JAVA_BYTE)));
  }

  long bytes() {
    return digests.byteSize();
  }

  /**
   * Whether a frame is what was sealed.
   *
   * @param payloads of the frame, decoded; not consumed
   * @param sha scratch of the calling thread
   */
  boolean match(final int frame, final ByteBuffer payloads, final Sha256 sha) {
    sha.update(payloads.slice());
    final MemorySegment computed = MemorySegment.ofArray(sha.finish().toByteArray());
    return digests.asSlice((long) frame * Sha256Digest.BYTES, Sha256Digest.BYTES).mismatch(computed)
        < 0;
  }
}
