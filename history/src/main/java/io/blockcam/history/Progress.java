package io.blockcam.history;

/** Is told how far long work has come. */
@FunctionalInterface
public interface Progress {

  /** For whom nobody looks at. */
  Progress NONE = (done, total) -> {};

  /**
   * Some more is done.
   *
   * @param done of what the work counts
   * @param total of the same
   */
  void update(long done, long total);
}
