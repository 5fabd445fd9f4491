package io.blockcam.cli;

import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A duration as people write it: {@code 10s}, {@code 500ms}, {@code 5m}, {@code 2h}, {@code 30d}.
 */
final class HumanDuration {

  private static final Pattern FORM = Pattern.compile("(\\d{1,12})\\s*(ms|s|m|h|d)?");

  private HumanDuration() {}

  /**
   * @throws IllegalArgumentException when it is not of that form
   */
  static Duration parse(final String text) {
    final Matcher m = FORM.matcher(text.strip());
    if (!m.matches()) {
      throw new IllegalArgumentException(
          "'" + text + "' is not a duration; write 500ms, 10s, 5m, 2h or 30d");
    }
    final long number = Long.parseLong(m.group(1));
    final String unit = m.group(2) == null ? "s" : m.group(2);
    return switch (unit) {
      case "ms" -> Duration.ofMillis(number);
      case "m" -> Duration.ofMinutes(number);
      case "h" -> Duration.ofHours(number);
      case "d" -> Duration.ofDays(number);
      default -> Duration.ofSeconds(number);
    };
  }
}
