package io.blockcam.archive.segment;

import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** File names of segments: the number in ten decimal digits, then what state it is in. */
public final class SegmentName {
  /** The highest segment number a name can hold. */
  public static final long MAX_NUMBER = 9_999_999_999L;

  private static final Pattern NAME = Pattern.compile("([0-9]{10})\\.(seg|open|journal)");

  private SegmentName() {}

  /** Name of a sealed segment, in the spool and in the archive. */
  public static String sealed(final long number) {
    return name(number, "seg");
  }

  /** Name of a segment that is still written. */
  public static String open(final long number) {
    return name(number, "open");
  }

  /** Name of the journal of a segment that is still written. */
  public static String journal(final long number) {
    return name(number, "journal");
  }

  /** Name of a file that is to replace another one once it is durable. */
  static String fresh(final String name) {
    return name + ".new";
  }

  /** The number of a sealed segment, or empty when the name is not one. */
  public static OptionalLong sealedNumber(final String fileName) {
    return number(fileName, "seg");
  }

  /** The number of an open segment, or empty when the name is not one. */
  public static OptionalLong openNumber(final String fileName) {
    return number(fileName, "open");
  }

  /** The number of a journal, or empty when the name is not one. */
  public static OptionalLong journalNumber(final String fileName) {
    return number(fileName, "journal");
  }

  private static String name(final long number, final String state) {
    if (number < 0 || number > MAX_NUMBER) {
      throw new IllegalArgumentException("segment number " + number + " has more than ten digits");
    }
    return "%010d.%s".formatted(number, state);
  }

  private static OptionalLong number(final String fileName, final String state) {
    final Matcher matcher = NAME.matcher(fileName);
    return matcher.matches() && matcher.group(2).equals(state)
        ? OptionalLong.of(Long.parseLong(matcher.group(1)))
        : OptionalLong.empty();
  }
}
