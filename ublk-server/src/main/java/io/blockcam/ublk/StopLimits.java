package io.blockcam.ublk;

import java.time.Duration;

/**
 * How long each step of a device's stop may take.
 *
 * @param flush of file systems and page cache: the slowest, since it writes
 * @param users until those who use the disk have let go of it
 * @param flushAgain of what they have written meanwhile
 * @param stop of each of the two ways to stop it
 * @param queues until their threads have ended
 */
record StopLimits(
    Duration flush, Duration users, Duration flushAgain, Duration stop, Duration queues) {

  /** Shares of a whole: 3/8, 1/8, 1/8, twice 1/8, 1/8. */
  static StopLimits within(final Duration whole) {
    final Duration share = whole.dividedBy(8);
    return new StopLimits(share.multipliedBy(3), share, share, share, share);
  }
}
