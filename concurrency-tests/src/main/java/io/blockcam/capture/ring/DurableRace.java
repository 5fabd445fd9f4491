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

/**
 * A queue asks for durability while the consumer reaches it for another reason, an old segment say:
 * the queue sees it or is woken, at the consumer's next look at the latest.
 */
@JCStressTest
@Outcome(id = "true, false", expect = Expect.ACCEPTABLE, desc = "Seen at once.")
@Outcome(id = "true, true", expect = Expect.ACCEPTABLE, desc = "Seen, and woken as well.")
@Outcome(id = "false, true", expect = Expect.ACCEPTABLE, desc = "Woken.")
@Outcome(expect = Expect.FORBIDDEN, desc = "A flush is never answered.")
@State
public class DurableRace {

  private final CaptureRing ring = SharedSlab.ring();
  private final AtomicInteger woken = new AtomicInteger();
  private final QueueTap queue = ring.openQueue(0, woken::incrementAndGet);
  private final long ticket = queue.offerFlush();

  /** The queue's thread. */
  @Actor
  public void queue(final ZZ_Result r) {
    queue.requestDurable(ticket);
    r.r1 = queue.isSafe(ticket);
  }

  /** The consumer, that has just sealed. */
  @Actor
  public void consumer() {
    ring.madeDurable(ticket);
  }

  /** The consumer's next cycle, for which it was woken if there is anything to do. */
  @Arbiter
  public void end(final ZZ_Result r) {
    if (ring.wantsForce(ticket)) {
      ring.madeDurable(ticket);
    }
    r.r2 = woken.get() > 0;
  }
}
