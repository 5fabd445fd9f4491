package io.blockcam.archive;

import java.time.Instant;

/** Instants as the record has them: nanoseconds since 1970. */
public final class Nanos {

  private static final long PER_SECOND = 1_000_000_000L;

  private Nanos() {}

  public static Instant toInstant(final long nanos) {
    return Instant.ofEpochSecond(
        Math.floorDiv(nanos, PER_SECOND), Math.floorMod(nanos, PER_SECOND));
  }

  /** Instants beyond the year 2262 become the last nanosecond that fits. */
  public static long of(final Instant instant) {
    try {
      return Math.addExact(
          Math.multiplyExact(instant.getEpochSecond(), PER_SECOND), instant.getNano());
    } catch (final ArithmeticException e) {
      return instant.getEpochSecond() < 0 ? Long.MIN_VALUE : Long.MAX_VALUE;
    }
  }
}
