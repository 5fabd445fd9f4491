package io.blockcam.capture;

import io.blockcam.capture.ring.CaptureRing;
import io.blockcam.capture.ring.WallClock;
import io.blockcam.ublk.tap.QueueTap;
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

  ClockTicker(final WallClock clock, final CaptureRing ring) {
    this.clock = clock;
    this.ring = ring;
  }

  /**
   * One tick. A step that finds the ring full is none yet: the time of the record goes on as if the
   * clock had not been set, and a later tick sees by how much it has been since. So no record
   * behind a step comes before it.
   */
  void doWork() {
    final WallClock.Step step = clock.tick();
    if (step != null && ring.offerStep(step) != QueueTap.FULL) {
      clock.follow(step);
      LOG.warn("the wall clock was set by {} ms", step.changeNs() / 1_000_000);
    }
  }
}
