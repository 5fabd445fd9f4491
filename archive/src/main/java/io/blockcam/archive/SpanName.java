package io.blockcam.archive;

import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** File names of what covers several segments: the first one and the last one, ten digits each. */
public enum SpanName {
  /** A run of the index. */
  RUN("run"),
  /** A catalog of the index. */
  CATALOG("catalog"),
  /** A pack of segments. */
  PACK("pack");

  private final String suffix;
  private final Pattern pattern;

  SpanName(final String suffix) {
    this.suffix = suffix;
    this.pattern = Pattern.compile("([0-9]{10})-([0-9]{10})\\." + suffix);
  }

  /** Name of the one that covers some segments. */
  public String of(final long firstSegment, final long lastSegment) {
    return "%010d-%010d.%s".formatted(firstSegment, lastSegment, suffix);
  }

  /** The first segment that one of this name covers, or empty when it is the name of none. */
  public OptionalLong firstSegment(final String fileName) {
    return number(fileName, 1);
  }

  /** The last segment that one of this name covers, or empty when it is the name of none. */
  public OptionalLong lastSegment(final String fileName) {
    return number(fileName, 2);
  }

  private OptionalLong number(final String fileName, final int group) {
    final Matcher matcher = pattern.matcher(fileName);
    return matcher.matches()
        ? OptionalLong.of(Long.parseLong(matcher.group(group)))
        : OptionalLong.empty();
  }
}
