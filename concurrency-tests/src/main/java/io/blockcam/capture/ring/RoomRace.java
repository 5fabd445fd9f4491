package io.blockcam.capture.ring;

import io.blockcam.ublk.tap.QueueTap;
import java.util.concurrent.atomic.AtomicInteger;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZZ_Result;

/** A queue finds the ring full while the consumer makes room: it is woken. */
@JCStressTest
@Outcome(id = "true, false", expect = Expect.ACCEPTABLE, desc = "There was room.")
@Outcome(id = "true, true", expect = Expect.ACCEPTABLE, desc = "There was room, and a wake-up.")
@Outcome(id = "false, true", expect = Expect.ACCEPTABLE, desc = "Refused and woken.")
@Outcome(expect = Expect.FORBIDDEN, desc = "Sleeps for ever beside a ring with room.")
@State
public class RoomRace {

  private final CaptureRing ring = SharedSlab.ring();
  private final AtomicInteger woken = new AtomicInteger();
  private final QueueTap queue = ring.openQueue(0, woken::incrementAndGet);

  /** Fills the ring. */
  public RoomRace() {
    while (queue.offerFlush() != QueueTap.FULL) {
      // until it is full
    }
  }

  /** The queue's thread. */
  @Actor
  public void queue(final ZZ_Result r) {
    r.r1 = queue.offerFlush() != QueueTap.FULL;
    if (!r.r1) {
      queue.requestRoom();
    }
  }

  /** The consumer. */
  @Actor
  public void consumer() {
    ring.release(SharedSlab.SLOTS - 1);
  }

  /** What came of it. */
  @Arbiter
  public void end(final ZZ_Result r) {
    r.r2 = woken.get() > 0;
  }
}
