package io.blockcam.archive;

/** Versions of formats. There is one of each so far. */
public final class FormatVersion {
  private FormatVersion() {}

  /**
   * Why something is not read, for an error.
   *
   * @param found what it says, unsigned
   * @param known what this program reads
   */
  public static String unknown(final long found, final long known) {
    return "format version %s is unknown, this program reads version %d: made by a newer blockcam (upgrade this one), or damaged"
        .formatted(Long.toUnsignedString(found), known);
  }
}
