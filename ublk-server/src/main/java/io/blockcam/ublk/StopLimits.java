package io.blockcam.ublk;

import java.time.Duration;

/**
 * How long each step of a device's stop may take.
 *
 * @param flush of the page cache: the slowest, since it writes
 * @param mounts of the file systems that are mounted from it, if it is in use
 * @param stop of each of the two ways to stop it
 * @param queues until their threads have ended
 */
record StopLimits(Duration flush, Duration mounts, Duration stop, Duration queues) {

  /** Shares of a whole: 3/7, 1/7, twice 1/7, 1/7. */
  static StopLimits within(final Duration whole) {
    final Duration share = whole.dividedBy(7);
    return new StopLimits(share.multipliedBy(3), share, share, share);
  }
}
