package io.blockcam.archive.index;

import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** File names of runs: the first and the last segment that they cover, ten decimal digits each. */
public final class RunName {
  private static final Pattern NAME = Pattern.compile("([0-9]{10})-([0-9]{10})\\.run");

  private RunName() {}

  /** Name of the run that covers some segments. */
  public static String of(final long firstSegment, final long lastSegment) {
    return "%010d-%010d.run".formatted(firstSegment, lastSegment);
  }

  /** The first segment that a run of this name covers, or empty when it is the name of none. */
  public static OptionalLong firstSegment(final String fileName) {
    return number(fileName, 1);
  }

  /** The last segment that a run of this name covers, or empty when it is the name of none. */
  public static OptionalLong lastSegment(final String fileName) {
    return number(fileName, 2);
  }

  private static OptionalLong number(final String fileName, final int group) {
    final Matcher matcher = NAME.matcher(fileName);
    return matcher.matches()
        ? OptionalLong.of(Long.parseLong(matcher.group(group)))
        : OptionalLong.empty();
  }
}
