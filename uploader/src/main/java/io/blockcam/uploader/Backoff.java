package io.blockcam.uploader;

import java.time.Duration;
import java.util.random.RandomGenerator;

/**
 * How long to wait after a failed attempt: doubling up to a cap, and then a random part of it, so
 * that many recorders do not come back to a store at the same moment.
 *
 * @param first after the first failure, before the random part
 * @param cap never longer than this
 */
public record Backoff(Duration first, Duration cap) {

  private static final int MAX_DOUBLINGS = 30;

  /** 250 ms, doubling up to 30 s. */
  public static final Backoff DEFAULT = new Backoff(Duration.ofMillis(250), Duration.ofSeconds(30));

  /**
   * Returns how long to wait before the next attempt.
   *
   * @param failures in a row, at least 1
   * @return between half and all of the doubled time
   */
  Duration after(final int failures, final RandomGenerator random) {
    final int doublings = Math.min(failures - 1, MAX_DOUBLINGS);
    final long doubled = Math.min(cap.toMillis(), first.toMillis() << doublings);
    final long millis = Math.max(1, doubled);
    return Duration.ofMillis(millis - random.nextLong(millis / 2 + 1));
  }
}
