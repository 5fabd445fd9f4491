package io.blockcam.cli;

import java.util.Locale;

/** Names of constants as people write them. */
final class Words {
  private Words() {}

  /** In lower case, with spaces: "still there". */
  static String of(final Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT).replace('_', ' ');
  }

  /** In lower case, with dashes, as what somebody may type: "log-writes". */
  static String option(final Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
