package io.blockcam.store;

import java.nio.charset.StandardCharsets;

/** Percent-encoding, RFC 3986 section 2.1. */
final class PercentEncoding {
  private static final String KEPT = "-._~/";

  /** All that may stand in path and query, RFC 3986 section 3.3 and 3.4, and what is encoded. */
  private static final String KEPT_OF_URI = KEPT + "%:@!$&'()*+,;=?";

  private PercentEncoding() {}

  /** Encodes everything but unreserved characters and the slash. */
  static String encode(final String text) {
    return encode(text, KEPT);
  }

  /**
   * Encodes what may not stand in a URI behind its authority. HDFS leaves to others what is not of
   * ASCII, and brackets.
   *
   * @param uri with scheme and authority
   */
  static String complete(final String uri) {
    final int authority = uri.indexOf("://");
    final int path = authority < 0 ? -1 : uri.indexOf('/', authority + 3);
    return path < 0 ? uri : uri.substring(0, path) + encode(uri.substring(path), KEPT_OF_URI);
  }

  private static String encode(final String text, final String kept) {
    final StringBuilder encoded = new StringBuilder(text.length() + 16);
    for (final byte b : text.getBytes(StandardCharsets.UTF_8)) {
      final char c = (char) (b & 0xff);
      if ((c >= 'a' && c <= 'z')
          || (c >= 'A' && c <= 'Z')
          || (c >= '0' && c <= '9')
          || kept.indexOf(c) >= 0) {
        encoded.append(c);
      } else {
        encoded.append(String.format("%%%02X", (int) c));
      }
    }
    return encoded.toString();
  }
}
