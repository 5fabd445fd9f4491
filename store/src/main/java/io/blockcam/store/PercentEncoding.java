package io.blockcam.store;

import java.nio.charset.StandardCharsets;

/** Percent-encoding of RFC 3986 section 2.1. */
final class PercentEncoding {
  private static final String KEPT = "-._~/";

  private PercentEncoding() {}

  /** Encodes everything but unreserved characters and the slash. */
  static String encode(final String text) {
    final StringBuilder encoded = new StringBuilder(text.length() + 16);
    for (final byte b : text.getBytes(StandardCharsets.UTF_8)) {
      final char c = (char) (b & 0xff);
      if ((c >= 'a' && c <= 'z')
          || (c >= 'A' && c <= 'Z')
          || (c >= '0' && c <= '9')
          || KEPT.indexOf(c) >= 0) {
        encoded.append(c);
      } else {
        encoded.append(String.format("%%%02X", (int) c));
      }
    }
    return encoded.toString();
  }
}
