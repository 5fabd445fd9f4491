package io.blockcam.archive;

/** What is known of the disk as it was before the first record. */
public enum Baseline {
  /** The disk was all zeroes. */
  EMPTY("empty"),
  /** Nothing: blocks that no record names hold what nobody recorded. */
  NONE("none");

  private final String text;

  Baseline(final String text) {
    this.text = text;
  }

  /** The word in {@code recording.json}. */
  public String text() {
    return text;
  }
}
