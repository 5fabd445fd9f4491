package io.blockcam.history;

import java.time.Instant;

/**
 * The recorder's wall clock was set, or found to have been when the recorder started.
 *
 * @param sequence of the first record behind that
 * @param before what it showed
 * @param after what it showed at the same moment, or at the start
 */
public record ClockStep(long sequence, Instant before, Instant after) {

  /** Whether it was set back, so that it showed some times twice. */
  public boolean isBack() {
    return after.isBefore(before);
  }

  /** Whether a time is one that it showed twice, or never. */
  boolean isOver(final Instant time) {
    final Instant from = isBack() ? after : before;
    final Instant to = isBack() ? before : after;
    return !time.isBefore(from) && time.isBefore(to);
  }
}
