package io.blockcam.replay;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Locale;

/** A hash of all bytes of an image, one after the other, zeroes included. */
public enum FlatHash {
  SHA256("SHA-256"),
  MD5("MD5"),
  SHA1("SHA-1");

  private final String algorithm;

  FlatHash(final String algorithm) {
    this.algorithm = algorithm;
  }

  /** Nothing hashed yet. */
  MessageDigest begin() {
    try {
      return MessageDigest.getInstance(algorithm);
    } catch (final NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has " + algorithm, e);
    }
  }

  /** As users write it. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
