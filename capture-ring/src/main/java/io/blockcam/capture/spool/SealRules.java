package io.blockcam.capture.spool;

import io.blockcam.archive.segment.SegmentLimits;
import java.time.Duration;
import java.util.concurrent.Executor;

/**
 * When a segment is sealed, and by whom.
 *
 * @param limits when it is full
 * @param after how old it may become, more than 0
 * @param sealer takes each seal, one after the other; whoever cannot wait for it seals himself
 */
public record SealRules(SegmentLimits limits, Duration after, Executor sealer) {

  /** Checks the range. */
  public SealRules {
    if (after.isZero() || after.isNegative()) {
      throw new IllegalArgumentException("segments are sealed after more than 0 s");
    }
  }

  /** The thread that writes seals, too. */
  public static SealRules inTurn(final SegmentLimits limits, final Duration after) {
    return new SealRules(limits, after, Runnable::run);
  }

  /** Another thread seals, while the next segment is written already. */
  public static SealRules beside(final SegmentLimits limits, final Duration after) {
    return new SealRules(
        limits, after, seal -> Thread.ofPlatform().daemon().name("blockcam-sealer").start(seal));
  }
}
