package io.blockcam.capture;

/**
 * When to try again what has failed: after a time that doubles with each failure in a row, up to a
 * limit. Of a monotonic clock in ns, whose zero may be anywhere. One thread at a time.
 */
final class RetryTimer {
  private final long firstNs;
  private final long lastNs;
  private long delayNs;
  private long dueNs;

  /**
   * Due from now on.
   *
   * @param firstNs after the first failure
   * @param lastNs never longer than this
   */
  RetryTimer(final long firstNs, final long lastNs, final long nowNs) {
    this.firstNs = firstNs;
    this.lastNs = lastNs;
    this.delayNs = firstNs;
    this.dueNs = nowNs;
  }

  /** It has failed, once more. */
  void failed(final long nowNs) {
    dueNs = nowNs + delayNs;
    delayNs = Math.min(2 * delayNs, lastNs);
  }

  /** It has not failed: the next failure is a first one. */
  void succeeded() {
    delayNs = firstNs;
  }

  /** Whether it may be tried. */
  boolean isDue(final long nowNs) {
    return nowNs - dueNs >= 0;
  }

  /** How long it must not be tried. */
  long leftNs(final long nowNs) {
    return Math.max(0, dueNs - nowNs);
  }
}
