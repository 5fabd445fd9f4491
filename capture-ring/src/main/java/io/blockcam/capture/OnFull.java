package io.blockcam.capture;

/** What becomes of writes when neither ring nor spool has room for their records. */
public enum OnFull {
  /** They wait until something was shipped: nothing is lost. */
  BLOCK,
  /**
   * They are done and not recorded. Where is remembered, the record has a gap, and what the disk
   * holds there is read back as soon as there is room again.
   */
  GAP
}
