package io.blockcam.archive;

import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * File names of segments: the number in ten decimal digits. Of a thousand of them the first seven
 * digits are the same: those are the name of the directory in which they stand, so that no
 * directory grows without bound.
 */
public final class SegmentName {
  /** The highest segment number a name can hold. */
  public static final long MAX_NUMBER = 9_999_999_999L;

  /** So many stand in a directory. */
  public static final int PER_DIRECTORY = 1000;

  private static final Pattern NAME = Pattern.compile("([0-9]{10})\\.seg");
  private static final Pattern DIRECTORY = Pattern.compile("[0-9]{7}");

  private SegmentName() {}

  /** Name of a segment in the archive. */
  public static String sealed(final long number) {
    return digits(number) + ".seg";
  }

  /**
   * The digits of a name.
   *
   * @param number from 0 to {@link #MAX_NUMBER}
   */
  public static String digits(final long number) {
    if (number < 0 || number > MAX_NUMBER) {
      throw new IllegalArgumentException("segment number " + number + " has more than ten digits");
    }
    return "%010d".formatted(number);
  }

  /**
   * Name of the directory of a segment.
   *
   * @param number of the segment
   */
  public static String directory(final long number) {
    return digits(number).substring(0, 7);
  }

  /** The number of the first segment of a directory, or empty when the name is not one. */
  public static OptionalLong firstOf(final String directoryName) {
    return DIRECTORY.matcher(directoryName).matches()
        ? OptionalLong.of(Long.parseLong(directoryName) * PER_DIRECTORY)
        : OptionalLong.empty();
  }

  /** The number of a sealed segment, or empty when the name is not one. */
  public static OptionalLong sealedNumber(final String fileName) {
    final Matcher matcher = NAME.matcher(fileName);
    return matcher.matches()
        ? OptionalLong.of(Long.parseLong(matcher.group(1)))
        : OptionalLong.empty();
  }
}
