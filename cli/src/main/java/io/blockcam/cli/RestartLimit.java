package io.blockcam.cli;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * How often what has failed is begun again, before somebody has to look. What fails at once every
 * time would otherwise go on for ever, and hide it. One thread.
 */
final class RestartLimit {

  /** So many times are a misfortune. */
  static final int MOST = 5;

  static final Duration WITHIN = Duration.ofMinutes(1);

  private final Deque<Long> startsNs = new ArrayDeque<>();

  /**
   * Whether to begin again now; if so it counts.
   *
   * @param nowNs of {@link System#nanoTime}
   */
  boolean allowsOne(final long nowNs) {
    while (!startsNs.isEmpty() && nowNs - startsNs.getFirst() >= WITHIN.toNanos()) {
      startsNs.removeFirst();
    }
    if (startsNs.size() >= MOST) {
      return false;
    }
    startsNs.addLast(nowNs);
    return true;
  }
}
