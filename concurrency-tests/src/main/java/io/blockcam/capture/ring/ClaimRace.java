package io.blockcam.capture.ring;

import io.blockcam.ublk.tap.QueueTap;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.IIZ_Result;

/**
 * Two queues claim and publish while the consumer looks: each place once, and no hole is passed.
 */
@JCStressTest
@Outcome(id = "0, 1, true", expect = Expect.ACCEPTABLE, desc = "The first queue was first.")
@Outcome(id = "1, 0, true", expect = Expect.ACCEPTABLE, desc = "The second queue was first.")
@Outcome(expect = Expect.FORBIDDEN, desc = "One place for two, or a hole was passed.")
@State
public class ClaimRace {

  private final CaptureRing ring = SharedSlab.ring();
  private final QueueTap first = ring.openQueue(0, () -> {});
  private final QueueTap second = ring.openQueue(1, () -> {});
  private long seen;
  private boolean published;

  /** One queue. */
  @Actor
  public void first(final IIZ_Result r) {
    r.r1 = (int) first.offerFlush();
  }

  /** Another; and then the consumer: what that is told is published, is. */
  @Actor
  public void second(final IIZ_Result r) {
    r.r2 = (int) second.offerFlush();
    seen = ring.published(0, 2);
    published = true;
    for (long sequence = 0; sequence <= seen; sequence++) {
      published &= ring.isPublished(sequence);
    }
  }

  /** In the end all is. */
  @Arbiter
  public void end(final IIZ_Result r) {
    r.r3 = published && seen <= 1 && ring.published(0, 2) == 1;
  }
}
