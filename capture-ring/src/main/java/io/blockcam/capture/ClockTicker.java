package io.blockcam.capture;

import io.blockcam.capture.ring.CaptureRing;
import io.blockcam.capture.ring.WallClock;
import io.blockcam.ublk.tap.QueueTap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the wall clock up to date and puts its steps into the order. A thread of its own calls
 * {@link #doWork}, so that a slow disk does not stop time.
 */
final class ClockTicker {
  private static final Logger LOG = LoggerFactory.getLogger(ClockTicker.class);

  private final WallClock clock;
  private final CaptureRing ring;
  private WallClock.@Nullable Step unrecorded;

  ClockTicker(final WallClock clock, final CaptureRing ring) {
    this.clock = clock;
    this.ring = ring;
  }

  /** One tick; a step that finds the ring full is recorded at a later one. */
  void doWork() {
    final WallClock.Step step = clock.tick();
    if (step != null) {
      LOG.warn("the wall clock was set by {} ms", step.changeNs() / 1_000_000);
      unrecorded = step; // what it says of the clock is all that counts from here on
    }
    final WallClock.Step pending = unrecorded;
    if (pending != null && ring.offerStep(pending) != QueueTap.FULL) {
      unrecorded = null;
    }
  }
}
