package io.blockcam.ublk.queue;

import java.util.concurrent.atomic.AtomicInteger;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZZL_Result;

/** One queue wants a few blocks, another nearly all of them: nobody waits for what is free. */
@JCStressTest
@Outcome(id = "true, false, fine", expect = Expect.ACCEPTABLE, desc = "The small one was first.")
@Outcome(id = "false, true, fine", expect = Expect.ACCEPTABLE, desc = "The big one was first.")
@Outcome(
    id = "false, false, fine",
    expect = Expect.ACCEPTABLE,
    desc = "Both gave way, one goes on.")
@Outcome(expect = Expect.FORBIDDEN, desc = "Both hold it, or somebody sleeps for ever.")
@State
public class BigRangeRace {

  private static final int SMALL = 0;
  private static final int BIG = 1;
  private static final long BIG_BYTES = (InFlightBlocks.MAX_SHARED_BLOCKS + 1L) * 4096;

  private final InFlightBlocks blocks = new InFlightBlocks(2, 1, 1L << 40);
  private final AtomicInteger smallWoken = new AtomicInteger();
  private final AtomicInteger bigWoken = new AtomicInteger();

  /** The two queues. */
  public BigRangeRace() {
    blocks.onFreed(SMALL, smallWoken::incrementAndGet);
    blocks.onFreed(BIG, bigWoken::incrementAndGet);
  }

  /** As the queue's loop does: says that it may wait, then tries. */
  @Actor
  public void small(final ZZL_Result r) {
    blocks.setWaiting(SMALL, 1);
    r.r1 = blocks.tryLock(SMALL, 0, 4096, 8192);
    if (r.r1) {
      blocks.setWaiting(SMALL, 0);
    }
  }

  /** The same for all of the disk. */
  @Actor
  public void big(final ZZL_Result r) {
    blocks.setWaiting(BIG, 1);
    r.r2 = blocks.tryLock(BIG, 0, 0, BIG_BYTES);
    if (r.r2) {
      blocks.setWaiting(BIG, 0);
    }
  }

  /** Whoever has it gives it back; the other one must have been woken. */
  @Arbiter
  public void end(final ZZL_Result r) {
    if (r.r1) {
      blocks.unlock(SMALL, 0, 4096, 8192);
    }
    if (r.r2) {
      blocks.unlock(BIG, 0, 0, BIG_BYTES);
    }
    // A small one that gave way to a big one that gave way, too, is woken by that one's end.
    final boolean smallSleeps = !r.r1 && r.r2 && smallWoken.get() == 0;
    final boolean bigSleeps = !r.r2 && bigWoken.get() == 0;
    r.r3 = smallSleeps ? "small sleeps" : bigSleeps ? "big sleeps" : "fine";
  }
}
