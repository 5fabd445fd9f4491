package io.blockcam.ublk;

import java.time.Duration;

/**
 * How long each step of a device's stop may take.
 *
 * @param flush of the page cache: the slowest, since it writes
 * @param stop of each of the two ways to stop it
 * @param queues until their threads have ended
 */
record StopLimits(Duration flush, Duration stop, Duration queues) {

  /** Shares of a whole: 3/6, twice 1/6, 1/6. */
  static StopLimits within(final Duration whole) {
    return new StopLimits(whole.dividedBy(2), whole.dividedBy(6), whole.dividedBy(6));
  }
}
