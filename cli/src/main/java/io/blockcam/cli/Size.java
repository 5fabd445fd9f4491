package io.blockcam.cli;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A number of bytes as people write it: {@code 20G}, {@code 512M}, {@code 4096}. Units are powers
 * of 1024, with or without {@code iB} or {@code B}.
 *
 * @param bytes at least 0
 */
public record Size(long bytes) {

  private static final Pattern FORM =
      Pattern.compile("(\\d{1,18})\\s*(?:([KMGTP])(?:i?B)?|B)?", Pattern.CASE_INSENSITIVE);
  private static final String UNITS = "KMGTP";
  private static final int UNIT_SHIFT = 10;

  /**
   * @throws IllegalArgumentException when it is not of that form, or too large
   */
  public static Size parse(final String text) {
    final Matcher m = FORM.matcher(text.strip());
    if (!m.matches()) {
      throw new IllegalArgumentException("'" + text + "' is not a size; write 20G, 512M or 4096");
    }
    final long number = Long.parseLong(m.group(1));
    final String unit = m.group(2);
    final int shift =
        unit == null ? 0 : UNIT_SHIFT * (UNITS.indexOf(unit.toUpperCase(Locale.ROOT)) + 1);
    if (number > Long.MAX_VALUE >> shift) {
      throw new IllegalArgumentException("'" + text + "' is more bytes than a disk can have");
    }
    return new Size(number << shift);
  }

  /** {@code 1.5 GiB}: for people, rounded. */
  public static String format(final long bytes) {
    if (bytes < 1L << UNIT_SHIFT) {
      return bytes + " B";
    }
    int unit = 0;
    double value = bytes / 1024.0;
    while (value >= 1024 && unit < UNITS.length() - 1) {
      value /= 1024;
      unit++;
    }
    return String.format(
        Locale.ROOT, value < 10 ? "%.2f %ciB" : "%.1f %ciB", value, UNITS.charAt(unit));
  }
}
