package io.blockcam.archive;

import java.util.regex.Pattern;

/** Names of recordings: 1 to 63 of A-Z a-z 0-9 . _ - and the first a letter or a digit. */
public final class RecordingName {
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,62}");

  private RecordingName() {}

  /** Whether this may be the name of a recording. */
  public static boolean isValid(final String name) {
    return NAME.matcher(name).matches();
  }

  /**
   * The name itself.
   *
   * @throws IllegalArgumentException when it may not be one
   */
  public static String check(final String name) {
    if (!isValid(name)) {
      throw new IllegalArgumentException(
          "'%s' cannot name a recording: use 1 to 63 of A-Z a-z 0-9 . _ - beginning with a letter"
                  .formatted(name)
              + " or a digit");
    }
    return name;
  }
}
