package io.blockcam.cli;

/**
 * Text of somebody else, as it may be shown on a terminal: an archive is not trusted, and what its
 * fields hold could move the cursor, rewrite what stands above or turn the direction of reading.
 */
final class Printable {

  private Printable() {}

  /** The text with every control and format character written as an escape, {@code \\u001b}. */
  static String of(final String text) {
    if (text.codePoints().noneMatch(Printable::isUnsafe)) {
      return text;
    }
    final StringBuilder safe = new StringBuilder(text.length() + 16);
    text.codePoints()
        .forEach(
            c -> {
              if (isUnsafe(c)) {
                safe.append(String.format("\\u%04x", c));
              } else {
                safe.appendCodePoint(c);
              }
            });
    return safe.toString();
  }

  private static boolean isUnsafe(final int codePoint) {
    return switch (Character.getType(codePoint)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.SURROGATE,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR ->
          true;
      default -> false;
    };
  }
}
