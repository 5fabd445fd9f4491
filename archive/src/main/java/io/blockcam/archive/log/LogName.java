package io.blockcam.archive.log;

import io.blockcam.archive.SegmentName;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * File names of logs: the number of the segment in ten decimal digits, then what state it is in.
 */
public final class LogName {
  private static final Pattern NAME = Pattern.compile("([0-9]{10})\\.(log|open)");

  private LogName() {}

  /** Name of a log that has ended: its segment is sealed. */
  public static String sealed(final long number) {
    return name(number, "log");
  }

  /** Name of a log that takes records. */
  public static String open(final long number) {
    return name(number, "open");
  }

  /** Name of one that is to be {@link #open} once it is durable. */
  static String fresh(final long number) {
    return name(number, "open.new");
  }

  /** The number of a segment that is sealed, or empty when the name is not that of one. */
  public static OptionalLong sealedNumber(final String fileName) {
    return number(fileName, "log");
  }

  /** The number of a segment that is open, or empty when the name is not that of one. */
  public static OptionalLong openNumber(final String fileName) {
    return number(fileName, "open");
  }

  /** Whether this is what a crash may leave of a log that was never written to. */
  public static boolean isFresh(final String fileName) {
    return fileName.endsWith(".open.new")
        && openNumber(fileName.substring(0, fileName.length() - ".new".length())).isPresent();
  }

  private static String name(final long number, final String state) {
    return SegmentName.digits(number) + "." + state;
  }

  private static OptionalLong number(final String fileName, final String state) {
    final Matcher matcher = NAME.matcher(fileName);
    return matcher.matches() && matcher.group(2).equals(state)
        ? OptionalLong.of(Long.parseLong(matcher.group(1)))
        : OptionalLong.empty();
  }
}
