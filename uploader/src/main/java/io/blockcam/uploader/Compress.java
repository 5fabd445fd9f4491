package io.blockcam.uploader;

/** When segments are encoded (zstd) on their way into the archive, where that is worth it. */
public enum Compress {
  /** All of them go as they were sealed. */
  NEVER,
  /**
   * Where a segment would be in the archive sooner: a matter of the network and of what it holds.
   */
  FASTER,
  /** Wherever it becomes smaller. */
  ALWAYS
}
