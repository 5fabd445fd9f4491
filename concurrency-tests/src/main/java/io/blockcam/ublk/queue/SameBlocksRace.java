package io.blockcam.ublk.queue;

import java.util.concurrent.atomic.AtomicInteger;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZZL_Result;

/** One queue has a range and gives it back while another wants it: it gets it or is woken. */
@JCStressTest
@Outcome(id = "true, true, fine", expect = Expect.ACCEPTABLE, desc = "Had one after the other.")
@Outcome(id = "true, false, fine", expect = Expect.ACCEPTABLE, desc = "Refused and woken.")
@Outcome(id = "false, true, fine", expect = Expect.ACCEPTABLE, desc = "The second was first.")
@Outcome(id = "false, false, fine", expect = Expect.ACCEPTABLE, desc = "Refused by each other.")
@Outcome(expect = Expect.FORBIDDEN, desc = "Somebody sleeps for ever.")
@State
public class SameBlocksRace {

  private static final int PASSING = 0;
  private static final int WAITING = 1;

  private final InFlightBlocks blocks = new InFlightBlocks(2, 1, 1L << 40);
  private final AtomicInteger woken = new AtomicInteger();

  /** The two queues. */
  public SameBlocksRace() {
    blocks.onFreed(WAITING, woken::incrementAndGet);
  }

  /** A write that is done at once. */
  @Actor
  public void passing(final ZZL_Result r) {
    r.r1 = blocks.tryLock(PASSING, 0, 0, 16384);
    if (r.r1) {
      blocks.unlock(PASSING, 0, 0, 16384);
    }
  }

  /** One that overlaps it. */
  @Actor
  public void waiting(final ZZL_Result r) {
    blocks.setWaiting(WAITING, 1);
    r.r2 = blocks.tryLock(WAITING, 0, 8192, 16384);
  }

  /** Who was refused because of a write that is gone must have been woken. */
  @Arbiter
  public void end(final ZZL_Result r) {
    r.r3 = !r.r2 && r.r1 && woken.get() == 0 ? "sleeps" : "fine";
  }
}
