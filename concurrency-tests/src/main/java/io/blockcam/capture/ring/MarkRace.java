package io.blockcam.capture.ring;

import io.blockcam.ublk.tap.QueueTap;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZZ_Result;

/**
 * A queue finds a region clean while the keeper looks what is wanted: it is woken. Without the
 * second look of the queue, 8 of 20 runs of 60 ms fail, and none of 5 ms.
 */
@JCStressTest
@Outcome(id = "true, .*", expect = Expect.ACCEPTABLE, desc = "It became dirty in time.")
@Outcome(id = "false, true", expect = Expect.ACCEPTABLE, desc = "Refused and woken.")
@Outcome(expect = Expect.FORBIDDEN, desc = "Sleeps for ever beside a region that is dirty.")
@State
public class MarkRace {

  private final DirtyRegions regions = new DirtyRegions(1 << 20, 1 << 20);
  private final CaptureRing ring = SharedSlab.ring(regions);
  private final AtomicInteger woken = new AtomicInteger();
  private final QueueTap queue = ring.openQueue(0, woken::incrementAndGet);
  private volatile boolean asked;

  /** It is clean. */
  public MarkRace() {
    regions.onWanted(() -> asked = true);
  }

  /** The queue's thread. */
  @Actor
  public void queue(final ZZ_Result r) {
    r.r1 = queue.mayChange(0, 8);
  }

  /** The keeper, which looks for another reason just then. */
  @Actor
  public void keeper() {
    mark();
  }

  /** It was woken, so it looks once more. */
  @Arbiter
  public void end(final ZZ_Result r) {
    if (asked) {
      mark();
    }
    r.r2 = woken.get() > 0;
  }

  private void mark() {
    if (regions.isWanted()) {
      regions.makeDirty(Arrays.stream(regions.wanted()));
      ring.wakeForRegions();
    }
  }
}
