package io.blockcam.archive.hash;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/**
 * A running SHA-256 (FIPS 180-4). One thread at a time. Arrays are the fast way in: the JDK's
 * intrinsic works on them, other memory is copied piece by piece.
 */
public final class Sha256 {
  private final MessageDigest digest;

  /** Nothing hashed yet. */
  public Sha256() {
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (final NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  /** Digest of a whole array. */
  public static Sha256Digest of(final byte[] bytes) {
    final Sha256 sha = new Sha256();
    sha.update(bytes, 0, bytes.length);
    return sha.finish();
  }

  /** Adds {@code length} bytes of an array. */
  public void update(final byte[] bytes, final int offset, final int length) {
    digest.update(bytes, offset, length);
  }

  /** Adds what remains in a buffer and consumes it. */
  public void update(final ByteBuffer buffer) {
    digest.update(buffer);
  }

  /** Digest of everything added; starts afresh afterwards. */
  public Sha256Digest finish() {
    return Sha256Digest.of(digest.digest());
  }
}
