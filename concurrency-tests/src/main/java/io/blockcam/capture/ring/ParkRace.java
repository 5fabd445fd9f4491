package io.blockcam.capture.ring;

import io.blockcam.ublk.tap.QueueTap;
import java.util.concurrent.TimeUnit;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.Z_Result;

/** The consumer parks while a queue publishes what it waits for: it does not sleep through it. */
@JCStressTest
@Outcome(id = "true", expect = Expect.ACCEPTABLE, desc = "Awake.")
@Outcome(expect = Expect.FORBIDDEN, desc = "Slept through it.")
@State
public class ParkRace {

  private static final long LONG_NS = TimeUnit.SECONDS.toNanos(5);

  private final CaptureRing ring = SharedSlab.ring();
  private final QueueTap queue = ring.openQueue(0, () -> {});

  /** The queue's thread. */
  @Actor
  public void queue() {
    queue.offerFlush();
  }

  /** The consumer: it may wake early, but not after the time is over. */
  @Actor
  public void consumer(final Z_Result r) {
    final long startNs = System.nanoTime();
    while (!ring.isPublished(0) && System.nanoTime() - startNs < LONG_NS) {
      ring.await(0, LONG_NS, 0);
    }
    r.r1 = System.nanoTime() - startNs < LONG_NS;
  }
}
