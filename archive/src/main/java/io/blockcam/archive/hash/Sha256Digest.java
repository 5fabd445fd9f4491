package io.blockcam.archive.hash;

import java.util.Arrays;
import java.util.HexFormat;

/** A SHA-256 digest: 32 bytes, compared by value. */
public final class Sha256Digest {
  /** Bytes of a digest. */
  public static final int BYTES = 32;

  /** Stands for "no segment before": 32 zero bytes. */
  public static final Sha256Digest NONE = new Sha256Digest(new byte[BYTES]);

  private final byte[] bytes;

  private Sha256Digest(final byte[] bytes) {
    this.bytes = bytes;
  }

  /**
   * @param bytes exactly 32; copied
   */
  public static Sha256Digest of(final byte[] bytes) {
    if (bytes.length != BYTES) {
      throw new IllegalArgumentException("a SHA-256 digest has 32 bytes, not " + bytes.length);
    }
    return new Sha256Digest(bytes.clone());
  }

  /**
   * @param hex 64 hexadecimal digits
   */
  public static Sha256Digest ofHex(final String hex) {
    return of(HexFormat.of().parseHex(hex));
  }

  /** A copy of the 32 bytes. */
  public byte[] toByteArray() {
    return bytes.clone();
  }

  @Override
  public boolean equals(final Object other) {
    return other instanceof Sha256Digest digest && Arrays.equals(bytes, digest.bytes);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(bytes);
  }

  /** 64 lower-case hexadecimal digits. */
  @Override
  public String toString() {
    return HexFormat.of().formatHex(bytes);
  }
}
