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
   * {@code 59s}, {@code 3m 5s}, {@code 2h 0m}, {@code 4d 7h}: for people, the two largest units.
   */
  static String format(final Duration duration) {
    if (duration.toDays() > 0) {
      return "%dd %dh".formatted(duration.toDays(), duration.toHoursPart());
    }
    if (duration.toHours() > 0) {
      return "%dh %dm".formatted(duration.toHours(), duration.toMinutesPart());
    }
    return duration.toMinutes() > 0
        ? "%dm %ds".formatted(duration.toMinutes(), duration.toSecondsPart())
        : duration.toSeconds() + "s";
  }

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
