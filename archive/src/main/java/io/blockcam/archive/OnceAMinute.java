package io.blockcam.archive;

import java.util.concurrent.TimeUnit;

/**
 * Keeps what may happen again and again from filling a log, for everybody who makes or ships the
 * record. One thread at a time.
 */
public final class OnceAMinute {
  private static final long MINUTE_NS = TimeUnit.MINUTES.toNanos(1);

  private boolean told;
  private long toldNs;
  private long omitted;

  /**
   * Whether it is to be told now.
   *
   * @param nowNs a monotonic clock
   */
  public boolean isDue(final long nowNs) {
    if (told && nowNs - toldNs < MINUTE_NS) {
      omitted++;
      return false;
    }
    told = true;
    toldNs = nowNs;
    return true;
  }

  /** In words for the end of a line, how often it was not told; from then on counted anew. */
  public String andOmitted() {
    final long count = omitted;
    omitted = 0;
    return count == 0 ? "" : "; %d times more in between".formatted(count);
  }
}
