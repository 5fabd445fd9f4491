package io.blockcam.ublk.queue;

import io.blockcam.ublk.tap.RangeLock;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;

/**
 * The blocks that writes in flight touch, over all queues of a device.
 *
 * <p>The block layer promises no order between overlapping writes in flight, but the record and the
 * disk must agree on one: so the second waits until the first is done. Blocks are 4 KiB; the table
 * is direct-mapped, so two writes that only share a place in it wait for each other needlessly,
 * which is harmless. A range too long for the table (a big DISCARD) waits until it is alone and
 * keeps all others out.
 *
 * <p>Hot path, any queue thread: no locks, nobody waits here; who is refused tries again when
 * {@link #unlock} of somebody else has fired its waker.
 */
final class InFlightBlocks {

  /** Longer ranges are taken exclusively; far below the table's size, so no range meets itself. */
  static final int MAX_SHARED_BLOCKS = 1024;

  private static final int BLOCK_SHIFT = 12;
  private static final int TABLE_SIZE = 1 << 16;
  private static final int TABLE_MASK = TABLE_SIZE - 1;

  /** Spread so that counters of different queues lie on different cache lines. */
  private static final int STRIDE = 32;

  private static final int NOBODY = 0;

  private final AtomicIntegerArray taken = new AtomicIntegerArray(TABLE_SIZE);
  private final AtomicIntegerArray inFlight;
  private final AtomicIntegerArray waiting;
  private final AtomicInteger exclusive = new AtomicInteger(NOBODY);
  private final Runnable[] wakers;
  private final Runnable otherThreads;
  private final int tapsId;

  /**
   * @param queues how many queues the device has
   */
  InFlightBlocks(final int queues) {
    this(queues, () -> {});
  }

  /**
   * For a test that has one thread for all queues.
   *
   * @param otherThreads called, where asserts are on, wherever another queue's thread could come in
   *     between
   */
  InFlightBlocks(final int queues, final Runnable otherThreads) {
    this.otherThreads = otherThreads;
    tapsId = queues; // counted like one more queue
    inFlight = new AtomicIntegerArray((queues + 1) * STRIDE);
    waiting = new AtomicIntegerArray((queues + 1) * STRIDE);
    wakers = new Runnable[queues + 1];
    Arrays.fill(wakers, (Runnable) () -> {});
  }

  /** Says how a queue is woken when a range it may wait for was freed. Before the queues start. */
  void onFreed(final int queueId, final Runnable waker) {
    wakers[queueId] = waker;
  }

  /** For the tap, which looks at the disk while no write changes it. Any one thread. */
  RangeLock rangeLock() {
    return new RangeLock() {
      @Override
      public boolean tryLock(final long offset, final long length) {
        if (length > MAX_BYTES) {
          throw new IllegalArgumentException("a range of %d bytes is too long".formatted(length));
        }
        return InFlightBlocks.this.tryLock(tapsId, 0, offset, length);
      }

      @Override
      public void unlock(final long offset, final long length) {
        InFlightBlocks.this.unlock(tapsId, offset, length);
      }
    };
  }

  /**
   * Takes a range of the disk, or refuses.
   *
   * @param queueId the caller's queue
   * @param tag the caller's request
   * @param offset first byte
   * @param length in bytes, at least 1
   * @return whether the range is now the caller's, until {@link #unlock} with the same arguments
   */
  boolean tryLock(final int queueId, final int tag, final long offset, final long length) {
    final long first = offset >>> BLOCK_SHIFT;
    final long blocks = ((offset + length - 1) >>> BLOCK_SHIFT) - first + 1;
    if (blocks > MAX_SHARED_BLOCKS) {
      return tryLockAll(owner(queueId, tag));
    }
    // Announce first, then look for an exclusive owner: he announces first, then looks for us.
    // Atomic*Array accesses are sequentially consistent, so one of the two sees the other.
    inFlight.getAndIncrement(queueId * STRIDE);
    assert interleave();
    if (exclusive.get() != NOBODY) {
      withdraw(queueId, first, 0);
      return false;
    }
    assert interleave();
    for (int i = 0; i < blocks; i++) {
      if (!taken.compareAndSet((int) (first + i) & TABLE_MASK, 0, 1)) {
        withdraw(queueId, first, i);
        return false;
      }
    }
    return true;
  }

  /**
   * Takes back what a refused try has announced. An exclusive owner may have counted us in
   * meanwhile and now waits for us, as we for him: he must be woken. Nobody else: who was refused
   * because of the blocks we had for a moment waits for the same holder as we, and to wake each
   * other after every refusal would never end.
   */
  private void withdraw(final int queueId, final long first, final int blocks) {
    release(first, blocks);
    assert interleave();
    inFlight.getAndDecrement(queueId * STRIDE);
    final int owner = exclusive.get();
    if (owner != NOBODY && queueOf(owner) != queueId) {
      wakers[queueOf(owner)].run();
    }
  }

  /** Gives back what {@link #tryLock} took, and wakes the other queues that wait for something. */
  void unlock(final int queueId, final long offset, final long length) {
    final long first = offset >>> BLOCK_SHIFT;
    final long blocks = ((offset + length - 1) >>> BLOCK_SHIFT) - first + 1;
    if (blocks > MAX_SHARED_BLOCKS) {
      exclusive.set(NOBODY);
    } else {
      release(first, (int) blocks);
      assert interleave();
      inFlight.getAndDecrement(queueId * STRIDE);
    }
    assert interleave();
    wakeOthers(queueId);
  }

  private void wakeOthers(final int queueId) {
    for (int q = 0; q < wakers.length; q++) {
      if (q != queueId && waiting.get(q * STRIDE) != 0) {
        wakers[q].run();
      }
    }
  }

  /** A request that was refused will not be tried again: if it keeps all others out, it stops. */
  void giveUp(final int queueId, final int tag) {
    if (exclusive.compareAndSet(owner(queueId, tag), NOBODY)) {
      wakeOthers(queueId);
    }
  }

  /**
   * Says how many requests of a queue wait here for a range; those that wait for anything else must
   * not count, or two queues would wake each other for ever. To be told before the last try, so
   * that whoever frees a range after that try sees it.
   */
  void setWaiting(final int queueId, final int requests) {
    waiting.set(queueId * STRIDE, requests);
  }

  private boolean tryLockAll(final int owner) {
    if (exclusive.get() != owner && !exclusive.compareAndSet(NOBODY, owner)) {
      return false;
    }
    // From here on nobody new gets in; the claim stays while those inside finish.
    assert interleave();
    for (int q = 0; q < wakers.length; q++) {
      if (inFlight.get(q * STRIDE) != 0) {
        return false;
      }
    }
    return true;
  }

  /** Whether nobody has a range: everything that was taken was given back where it was taken. */
  boolean isFree() {
    boolean free = exclusive.get() == NOBODY;
    for (int q = 0; q < wakers.length; q++) {
      free &= inFlight.get(q * STRIDE) == 0;
    }
    for (int i = 0; i < TABLE_SIZE; i++) {
      free &= taken.get(i) == 0;
    }
    return free;
  }

  private boolean interleave() {
    otherThreads.run();
    return true;
  }

  private void release(final long first, final int blocks) {
    for (int i = 0; i < blocks; i++) {
      taken.setRelease((int) (first + i) & TABLE_MASK, 0);
    }
  }

  private static int owner(final int queueId, final int tag) {
    return (queueId << 16 | tag) + 1;
  }

  private static int queueOf(final int owner) {
    return owner - 1 >>> 16;
  }
}
