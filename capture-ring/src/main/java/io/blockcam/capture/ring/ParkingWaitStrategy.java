package io.blockcam.capture.ring;

import com.lmax.disruptor.AlertException;
import com.lmax.disruptor.Sequence;
import com.lmax.disruptor.SequenceBarrier;
import com.lmax.disruptor.Sequencer;
import com.lmax.disruptor.WaitStrategy;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Parks the one consumer until a sequence is <em>published</em>.
 *
 * <p>The stock strategies wait for the claim: with a write claimed at its offer and published when
 * the disk has it, their consumer would spin for the whole time of the write. This one costs the
 * consumer no CPU then, and a publisher one fence and one load; only the publisher of the awaited
 * sequence pays for a wake-up.
 *
 * <p>No wake-up is lost: the consumer stores {@code parked}, then looks for the sequence; the
 * publisher makes the sequence available, then loads {@code parked}; a full fence stands between
 * the two steps on both sides, so at least one of them sees the other.
 */
public final class ParkingWaitStrategy implements WaitStrategy {
  private static final VarHandle PARKED;

  static {
    try {
      PARKED =
          MethodHandles.lookup()
              .findVarHandle(ParkingWaitStrategy.class, "parked", Thread.class)
              .withInvokeExactBehavior();
    } catch (final ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private @Nullable Sequencer sequencer;
  private long awaited;
  private @Nullable SequenceBarrier alertable;
  private volatile @Nullable Thread parked;
  private volatile boolean woken;

  /** Ties the strategy to the sequencer that was made with it, before any thread uses either. */
  public void attach(final Sequencer owner) {
    sequencer = owner;
  }

  /**
   * Waits until the sequence is published, {@link #wake} was called since the last wait, or the
   * time is over. May return earlier. Consumer's thread.
   *
   * @param sequence of the ring
   * @param timeoutNs at least 0
   * @param spinNs how much of it to look for the sequence again and again before it parks, for
   *     whoever comes soon: to be woken takes longer than many a disk
   */
  public void await(final long sequence, final long timeoutNs, final long spinNs) {
    if (spinNs > 0 && spin(sequence, Math.min(spinNs, timeoutNs))) {
      woken = false;
      return;
    }
    awaited = sequence;
    parked = Thread.currentThread();
    VarHandle.fullFence();
    if (!isAvailable(sequence) && !woken && !isAlerted()) {
      LockSupport.parkNanos(this, timeoutNs);
    }
    parked = null;
    woken = false;
  }

  private boolean spin(final long sequence, final long ns) {
    final long endNs = System.nanoTime() + ns;
    while (!isAvailable(sequence) && !woken && !isAlerted()) {
      if (System.nanoTime() - endNs >= 0) {
        return false;
      }
      Thread.onSpinWait();
    }
    return true;
  }

  /** Ends the consumer's wait, the next one when it is not waiting. Any thread, never blocks. */
  public void wake() {
    woken = true;
    VarHandle.fullFence();
    unpark(parked);
  }

  @Override
  public long waitFor(
      final long sequence,
      final Sequence cursor,
      final Sequence dependentSequence,
      final SequenceBarrier barrier)
      throws AlertException, InterruptedException {
    alertable = barrier;
    while (!isAvailable(sequence)) {
      barrier.checkAlert();
      if (Thread.interrupted()) {
        throw new InterruptedException();
      }
      await(sequence, Long.MAX_VALUE, 0);
    }
    return dependentSequence.get();
  }

  /**
   * Something was published, or a barrier was alerted. Publisher's thread: does not allocate, block
   * or lock.
   */
  @Override
  public void signalAllWhenBlocking() {
    VarHandle.fullFence();
    final Thread waiting = parked;
    if (waiting != null && (isAvailable(awaited) || isAlerted())) {
      unpark(waiting);
    }
  }

  private boolean isAlerted() {
    final SequenceBarrier barrier = alertable;
    return barrier != null && barrier.isAlerted();
  }

  private boolean isAvailable(final long sequence) {
    final Sequencer owner = sequencer;
    return owner != null && owner.isAvailable(sequence);
  }

  /** At most one of several wakers pays for the system call. */
  private void unpark(final @Nullable Thread waiting) {
    if (waiting != null && PARKED.compareAndSet(this, waiting, (Thread) null)) {
      LockSupport.unpark(waiting);
    }
  }
}
