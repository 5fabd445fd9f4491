package io.blockcam.capture.spool;

import io.blockcam.archive.segment.SegmentLimits;
import java.time.Duration;
import java.util.concurrent.Executor;

/**
 * When a segment is sealed, and by whom.
 *
 * @param limits when it is full
 * @param after how old it may become, more than 0
 * @param enoughSealed no segment is sealed because of its age while so many wait to be shipped: it
 *     could not be sooner, and a segment that grows meanwhile is less to send than many small ones
 * @param sealer takes each seal, one after the other; whoever cannot wait for it seals himself
 */
public record SealRules(SegmentLimits limits, Duration after, int enoughSealed, Executor sealer) {

  /** Checks the range. */
  public SealRules {
    if (after.isZero() || after.isNegative()) {
      throw new IllegalArgumentException("segments are sealed after more than 0 s");
    }
    if (enoughSealed < 1) {
      throw new IllegalArgumentException("a segment is sealed when none waits to be shipped");
    }
  }

  /** The thread that writes seals, too. */
  public static SealRules inTurn(final SegmentLimits limits, final Duration after) {
    return new SealRules(limits, after, 1, Runnable::run);
  }

  /** Another thread seals, while the next segment is written already. */
  public static SealRules beside(final SegmentLimits limits, final Duration after) {
    return new SealRules(
        limits, after, 1, seal -> Thread.ofPlatform().daemon().name("blockcam-sealer").start(seal));
  }

  /** The same, if so many segments are shipped at a time. */
  public SealRules withEnoughSealed(final int segments) {
    return new SealRules(limits, after, segments, sealer);
  }
}
