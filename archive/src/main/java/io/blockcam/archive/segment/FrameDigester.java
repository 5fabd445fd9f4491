package io.blockcam.archive.segment;

import static io.blockcam.archive.record.RecordDescriptor.BLOCK_BYTES;

import io.blockcam.archive.hash.Sha256;
import io.blockcam.archive.hash.Sha256Digest;
import java.util.Arrays;

/** Takes the payloads of a segment in their order and gives the digests of their frames. */
final class FrameDigester {
  private final Sha256 sha = new Sha256();
  private byte[] digests = new byte[64 * Sha256Digest.BYTES];
  private int payloads;

  /** Takes the next one. */
  void add(final byte[] payload) {
    sha.update(payload, 0, BLOCK_BYTES);
    payloads++;
    if (payloads % Frames.FRAME_PAYLOADS == 0) {
      put(sha.finish());
    }
  }

  /** The digests of all frames, one behind the other, also of the one that is not whole yet. */
  byte[] current() {
    if (payloads % Frames.FRAME_PAYLOADS != 0) {
      put(sha.current());
    }
    return Arrays.copyOf(digests, Frames.count(payloads) * Sha256Digest.BYTES);
  }

  private void put(final Sha256Digest digest) {
    final int at = (Frames.count(payloads) - 1) * Sha256Digest.BYTES;
    if (at == digests.length) {
      digests = Arrays.copyOf(digests, 2 * digests.length);
    }
    System.arraycopy(digest.toByteArray(), 0, digests, at, Sha256Digest.BYTES);
  }
}
