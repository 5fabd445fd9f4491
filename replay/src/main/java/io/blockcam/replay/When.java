package io.blockcam.replay;

import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeParseException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A moment as a person asks for it. */
public sealed interface When {

  /** What it takes, for messages and help. */
  String FORMS =
      "an instant (2026-11-22T10:00:00.123456789Z), a local date-time (2026-11-22T10:00:00), seq:N,"
          + " mark:TEXT, latest, or relative (-10m)";

  /** Everything there is. */
  record Latest() implements When {}

  /** Everything up to a time, that nanosecond included. */
  record At(Instant instant) implements When {}

  /** Everything up to a record, that record included. */
  record Sequence(long sequence) implements When {}

  /** Everything up to the newest mark with a text. */
  record Mark(String text) implements When {}

  /** Seconds, minutes, hours, days before now. */
  Pattern RELATIVE = Pattern.compile("-(\\d{1,9})(ms|s|m|h|d)");

  /**
   * Reads what a person wrote.
   *
   * @param now what relative moments count from
   * @param zone of local date-times
   * @throws MomentException when it is none of {@link #FORMS}
   */
  static When parse(final String text, final Instant now, final ZoneId zone) {
    if (text.equals("latest")) {
      return new Latest();
    }
    if (text.startsWith("mark:")) {
      return new Mark(text.substring(5));
    }
    if (text.startsWith("seq:")) {
      try {
        return new Sequence(Long.parseUnsignedLong(text.substring(4)));
      } catch (final NumberFormatException e) {
        throw new MomentException("'" + text + "' is no sequence number: write seq:123");
      }
    }
    final Matcher relative = RELATIVE.matcher(text);
    if (relative.matches()) {
      final long n = Long.parseLong(relative.group(1));
      final Duration back =
          switch (relative.group(2)) {
            case "ms" -> Duration.ofMillis(n);
            case "m" -> Duration.ofMinutes(n);
            case "h" -> Duration.ofHours(n);
            case "d" -> Duration.ofDays(n);
            default -> Duration.ofSeconds(n);
          };
      return new At(now.minus(back));
    }
    try {
      return new At(OffsetDateTime.parse(text).toInstant());
    } catch (final DateTimeParseException e) {
      // not with an offset; perhaps local
    }
    try {
      return new At(LocalDateTime.parse(text.replace(' ', 'T')).atZone(zone).toInstant());
    } catch (final DateTimeException e) {
      throw new MomentException("'" + text + "' is no moment: give " + FORMS);
    }
  }
}
