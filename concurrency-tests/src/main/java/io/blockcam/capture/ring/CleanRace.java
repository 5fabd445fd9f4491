package io.blockcam.capture.ring;

import java.util.stream.IntStream;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZZZ_Result;

/**
 * A queue writes to a region while it is cleaned: written to, made clean, durable before the write.
 */
@JCStressTest
@Outcome(id = "true, false, .*", expect = Expect.ACCEPTABLE, desc = "Written to, and stays dirty.")
@Outcome(id = "true, true, true", expect = Expect.ACCEPTABLE, desc = "Durable, so it is clean.")
@Outcome(id = "false, true, false", expect = Expect.ACCEPTABLE, desc = "Clean: the write waits.")
@Outcome(expect = Expect.FORBIDDEN, desc = "Clean, and a write is forgotten.")
@State
public class CleanRace {

  private final DirtyRegions regions = new DirtyRegions(1 << 20, 1 << 20);
  private volatile boolean onDisk;

  /** It is dirty. */
  public CleanRace() {
    regions.makeDirty(IntStream.of(0));
  }

  /** The queue's thread, and the disk. */
  @Actor
  public void queue(final ZZZ_Result r) {
    r.r1 = regions.enter(0, 8);
    if (r.r1) {
      onDisk = true;
      regions.leave(0, 8);
    }
  }

  /** The keeper; what is on the disk when it syncs becomes durable. */
  @Actor
  public void keeper(final ZZZ_Result r) {
    final int[] idle = regions.beginRound();
    r.r3 = onDisk;
    r.r2 = idle.length > 0 && regions.tryClean(0);
  }
}
