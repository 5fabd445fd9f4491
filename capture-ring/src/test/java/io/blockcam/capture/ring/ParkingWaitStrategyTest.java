package io.blockcam.capture.ring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.lmax.disruptor.AlertException;
import com.lmax.disruptor.MultiProducerSequencer;
import com.lmax.disruptor.Sequence;
import com.lmax.disruptor.SequenceBarrier;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A lost wake-up shows as a hang: the waits here have no time limit of their own. */
@Timeout(120)
final class ParkingWaitStrategyTest {
  private static final int ROUNDS = 200_000;
  private static final long SPIN_NS = 5_000;
  private static final long FOREVER_NS = Long.MAX_VALUE;

  private final ParkingWaitStrategy strategy = new ParkingWaitStrategy();
  private final MultiProducerSequencer sequencer = new MultiProducerSequencer(64, strategy);
  private final Sequence consumed = new Sequence();

  ParkingWaitStrategyTest() {
    strategy.attach(sequencer);
    sequencer.addGatingSequences(consumed);
  }

  @Test
  void doesNotWaitForWhatIsPublished() {
    sequencer.publish(sequencer.next());
    strategy.await(0, FOREVER_NS, 0);
  }

  @Test
  void waitsWhileASequenceIsClaimedButNotPublished() throws InterruptedException {
    final long claimed = sequencer.next();
    final Thread consumer = new Thread(() -> awaitPublished(claimed));
    consumer.start();
    while (consumer.getState() != Thread.State.WAITING
        && consumer.getState() != Thread.State.TIMED_WAITING) {
      Thread.onSpinWait();
    }
    // a later one does not end the wait
    sequencer.publish(sequencer.next());
    assertThat(consumer.isAlive()).isTrue();
    sequencer.publish(claimed);
    consumer.join();
  }

  @Test
  void remembersAWakeUpThatCameBeforeTheWait() {
    sequencer.next();
    strategy.wake();
    strategy.await(0, FOREVER_NS, 0);
  }

  @Test
  void endsTheWaitOfABarrierThatIsAlerted() throws InterruptedException {
    sequencer.next();
    final SequenceBarrier barrier = sequencer.newBarrier();
    final Thread consumer =
        new Thread(
            () -> assertThatThrownBy(() -> barrier.waitFor(0)).isInstanceOf(AlertException.class));
    consumer.start();
    while (consumer.getState() != Thread.State.WAITING
        && consumer.getState() != Thread.State.TIMED_WAITING) {
      Thread.onSpinWait();
    }
    barrier.alert();
    consumer.join();
  }

  @Test
  void losesNoPublication() throws InterruptedException {
    final int producers = 2;
    final AtomicLong seen = new AtomicLong();
    final Thread consumer =
        new Thread(
            () -> {
              for (long next = 0; next < (long) producers * ROUNDS; next++) {
                awaitPublished(next);
                consumed.set(next);
                seen.incrementAndGet();
              }
            });
    consumer.start();
    final Thread[] threads = new Thread[producers];
    for (int i = 0; i < producers; i++) {
      threads[i] = new Thread(() -> publishOneByOne());
      threads[i].start();
    }
    for (final Thread thread : threads) {
      thread.join();
    }
    consumer.join();
    assertThat(seen).hasValue((long) producers * ROUNDS);
  }

  @Test
  void losesNoWakeUp() throws InterruptedException {
    // Ping-pong: each side goes on only when it has seen the other's step.
    final AtomicLong asked = new AtomicLong();
    final AtomicLong answered = new AtomicLong();
    final Thread consumer =
        new Thread(
            () -> {
              while (answered.get() < ROUNDS) {
                if (asked.get() > answered.get()) {
                  answered.set(asked.get());
                } else {
                  strategy.await(0, FOREVER_NS, answered.get() % 2 * SPIN_NS);
                }
              }
            });
    consumer.start();
    for (int round = 1; round <= ROUNDS; round++) {
      asked.set(round);
      strategy.wake();
      for (int spin = 0; answered.get() < round; spin++) {
        if (spin < 1000) {
          Thread.onSpinWait();
        } else {
          LockSupport.parkNanos(1);
        }
      }
    }
    consumer.join();
  }

  private void publishOneByOne() {
    for (int round = 0; round < ROUNDS; round++) {
      // A ring that is nearly always empty: the consumer goes to sleep again and again.
      while (sequencer.remainingCapacity() < 62) {
        LockSupport.parkNanos(1);
      }
      sequencer.publish(sequencer.next());
    }
  }

  private void awaitPublished(final long sequence) {
    while (!sequencer.isAvailable(sequence)) {
      strategy.await(sequence, FOREVER_NS, sequence % 2 * SPIN_NS);
    }
  }
}
