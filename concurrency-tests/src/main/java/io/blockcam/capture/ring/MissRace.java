package io.blockcam.capture.ring;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZZ_Result;

/** A queue has a write while a gap is closed: the gap names it, or it is recorded. */
@JCStressTest
@Outcome(id = "true, true", expect = Expect.ACCEPTABLE, desc = "Unrecorded, and named.")
@Outcome(id = "false, false", expect = Expect.ACCEPTABLE, desc = "To be recorded.")
@Outcome(id = "false, true", expect = Expect.ACCEPTABLE, desc = "To be recorded; read once more.")
@Outcome(id = "true, false", expect = Expect.FORBIDDEN, desc = "Lost in silence.")
@State
public class MissRace {

  private static final int BLOCK = 70;
  private final MissedWrites missed = new MissedWrites(4096L * 128);

  /** A gap is open. */
  public MissRace() {
    missed.begin();
  }

  /** The queue's thread. */
  @Actor
  public void queue(final ZZ_Result r) {
    r.r1 = missed.miss(8L * BLOCK, 8);
  }

  /** Whoever closes the gap. */
  @Actor
  public void keeper(final ZZ_Result r) {
    missed.hold();
    r.r2 = missed.take().get(BLOCK);
    missed.end();
  }

  /** Nothing more. */
  @Arbiter
  public void end(final ZZ_Result r) {
    // what the two have seen is all there is
  }
}
