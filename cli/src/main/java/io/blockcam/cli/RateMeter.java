package io.blockcam.cli;

/**
 * How fast the spool fills and empties: readings of both, a second apart, of the last ten seconds.
 * {@link #note} on one thread, the rest on any.
 */
final class RateMeter {

  /**
   * How fast.
   *
   * @param inPerSecond bytes that came into the spool
   * @param outPerSecond bytes that were shipped out of it
   * @param seconds what they are the mean of; 0 when it is too early to tell
   */
  record Rates(double inPerSecond, double outPerSecond, double seconds) {}

  /** So many are kept: ten seconds lie between the first and the last. */
  private static final int READINGS = 11;

  private static final double NS_PER_SECOND = 1e9;

  private final long[] atNs = new long[READINGS];
  private final long[] in = new long[READINGS];
  private final long[] out = new long[READINGS];
  private int count;

  /** Takes a reading. */
  synchronized void note(final long nowNs, final long inBytes, final long outBytes) {
    final int at = count++ % READINGS;
    atNs[at] = nowNs;
    in[at] = inBytes;
    out[at] = outBytes;
  }

  /** Between the oldest and the newest reading. */
  synchronized Rates rates() {
    if (count < 2) {
      return new Rates(0, 0, 0);
    }
    final int newest = (count - 1) % READINGS;
    final int oldest = count <= READINGS ? 0 : count % READINGS;
    final double seconds = (atNs[newest] - atNs[oldest]) / NS_PER_SECOND;
    return new Rates(
        (in[newest] - in[oldest]) / seconds, (out[newest] - out[oldest]) / seconds, seconds);
  }
}
