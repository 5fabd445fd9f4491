package io.blockcam.ublk.queue;

import io.blockcam.ublk.tap.RangeLock;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * The blocks that writes in flight touch, over all queues of a device.
 *
 * <p>The block layer promises no order between overlapping writes in flight, but the record and the
 * disk must agree on one: so the second waits until the first is done. Blocks are 4 KiB; the table
 * is direct-mapped, so two writes that only share a place in it wait for each other needlessly,
 * which is harmless.
 *
 * <p>A range too long for the table (a big DISCARD) is claimed: the disk has 64 zones, and whoever
 * gets all the zones of his range, in one step, says in each how far it reaches. From then on
 * nobody new gets into it, while writes elsewhere go on; it is had once those inside are done.
 *
 * <p>Hot path, any queue thread: no locks, nobody waits here; who is refused tries again when
 * {@link #unlock} of somebody else has fired its waker.
 */
final class InFlightBlocks {

  /** Longer ranges are claimed; far below the table's size, so no range meets itself. */
  static final int MAX_SHARED_BLOCKS = 1024;

  private static final int BLOCK_SHIFT = 12;
  private static final int TABLE_SIZE = 1 << 16;
  private static final int TABLE_MASK = TABLE_SIZE - 1;

  /** Spread so that what different queues write lies on different cache lines. */
  private static final int STRIDE = 32;

  /** One bit each in {@link #claimed}. */
  private static final int ZONES = Long.SIZE;

  /** A range in flight is its first block and, in the lowest bits, how many there are. */
  private static final int COUNT_BITS = 11;

  private static final long COUNT_MASK = (1L << COUNT_BITS) - 1;
  private static final long NO_RANGE = 0;
  private static final long NO_ZONES = 0;
  private static final int NOBODY = -1;

  private final AtomicIntegerArray taken = new AtomicIntegerArray(TABLE_SIZE);

  /** Of each tag, the range that it has, or is about to take. */
  private final AtomicLongArray inFlight;

  private final int queueStride;
  private final int zoneShift;

  /** The zones that have an owner. */
  private final AtomicLong claimed = new AtomicLong(NO_ZONES);

  // Of each zone that is claimed: from which block to which, and by which queue. All of it, by
  // nobody, until the owner has said more.
  private final AtomicLongArray claimFirst = new AtomicLongArray(ZONES);
  private final AtomicLongArray claimLast = new AtomicLongArray(ZONES);
  private final AtomicIntegerArray claimQueue = new AtomicIntegerArray(ZONES);

  /** Of each tag, the zones that it has claimed. Of its queue alone. */
  private final long[] zonesOf;

  private final AtomicIntegerArray waiting;
  private final Runnable[] wakers;
  private final Runnable otherThreads;
  private final int tapsId;

  /**
   * @param queues how many queues the device has
   * @param depth how many tags each has
   * @param diskBytes size of the disk
   */
  InFlightBlocks(final int queues, final int depth, final long diskBytes) {
    this(queues, depth, diskBytes, () -> {});
  }

  /**
   * For a test that has one thread for all queues.
   *
   * @param otherThreads called, where asserts are on, wherever another queue's thread could come in
   *     between
   */
  InFlightBlocks(
      final int queues, final int depth, final long diskBytes, final Runnable otherThreads) {
    this.otherThreads = otherThreads;
    tapsId = queues; // counted like one more queue
    queueStride = (depth + STRIDE - 1) / STRIDE * STRIDE;
    inFlight = new AtomicLongArray((queues + 1) * queueStride);
    zonesOf = new long[(queues + 1) * queueStride];
    waiting = new AtomicIntegerArray((queues + 1) * STRIDE);
    wakers = new Runnable[queues + 1];
    Arrays.fill(wakers, (Runnable) () -> {});
    int shift = 0;
    while ((diskBytes - 1 >>> BLOCK_SHIFT) >>> shift >= ZONES) {
      shift++;
    }
    zoneShift = shift;
    for (int zone = 0; zone < ZONES; zone++) {
      forgetClaim(zone);
    }
  }

  /** Says how a queue is woken when a range it may wait for was freed. Before the queues start. */
  void onFreed(final int queueId, final Runnable waker) {
    wakers[queueId] = waker;
  }

  /** For the tap, which looks at the disk while no write changes it. Any one thread. */
  RangeLock rangeLock() {
    return new RangeLock() {
      @Override
      public boolean tryLock(final int place, final long offset, final long length) {
        if (length > MAX_BYTES) {
          throw new IllegalArgumentException("a range of %d bytes is too long".formatted(length));
        }
        return InFlightBlocks.this.tryLock(tapsId, place, offset, length);
      }

      @Override
      public void unlock(final int place, final long offset, final long length) {
        InFlightBlocks.this.unlock(tapsId, place, offset, length);
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
    final long last = (offset + length - 1) >>> BLOCK_SHIFT;
    final int slot = queueId * queueStride + tag;
    if (last - first >= MAX_SHARED_BLOCKS) {
      return tryClaim(queueId, slot, first, last);
    }
    final int blocks = (int) (last - first) + 1;
    // Announce first, then look for a claim: its owner announces first, then looks for us.
    // Atomic* accesses are sequentially consistent, so one of the two sees the other.
    inFlight.set(slot, first << COUNT_BITS | blocks);
    assert interleave();
    if (isClaimed(first, last)) {
      withdraw(queueId, slot, first, 0);
      return false;
    }
    assert interleave();
    for (int i = 0; i < blocks; i++) {
      if (!taken.compareAndSet((int) (first + i) & TABLE_MASK, 0, 1)) {
        withdraw(queueId, slot, first, i);
        return false;
      }
    }
    return true;
  }

  /**
   * Takes back what a refused try has announced. The owner of a claim may have counted us in
   * meanwhile and now waits for us, as we for him: he must be woken. Nobody else: who was refused
   * because of the blocks we had for a moment waits for the same holder as we, and to wake each
   * other after every refusal would never end.
   */
  private void withdraw(final int queueId, final int slot, final long first, final int blocks) {
    final long last = first + (inFlight.get(slot) & COUNT_MASK) - 1;
    release(first, blocks);
    assert interleave();
    inFlight.set(slot, NO_RANGE);
    for (long left = claimed.get() & zones(first, last); left != NO_ZONES; left &= left - 1) {
      // One that does not say yet whose it is looks for us later, and does not find us.
      final int owner = claimQueue.get(Long.numberOfTrailingZeros(left));
      if (owner != NOBODY && owner != queueId) {
        wakers[owner].run();
      }
    }
  }

  /**
   * Gives back what {@link #tryLock} took with the same arguments, and wakes the other queues that
   * wait for something.
   */
  void unlock(final int queueId, final int tag, final long offset, final long length) {
    final long first = offset >>> BLOCK_SHIFT;
    final long last = (offset + length - 1) >>> BLOCK_SHIFT;
    final int slot = queueId * queueStride + tag;
    if (last - first >= MAX_SHARED_BLOCKS) {
      endClaim(slot);
    } else {
      release(first, (int) (last - first) + 1);
      assert interleave();
      inFlight.set(slot, NO_RANGE);
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

  /** A request that was refused will not be tried again: if it keeps others out, it stops. */
  void giveUp(final int queueId, final int tag) {
    final int slot = queueId * queueStride + tag;
    if (zonesOf[slot] != NO_ZONES) {
      endClaim(slot);
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

  // --- claims ---

  /** The zones of a range, a bit each. */
  private long zones(final long first, final long last) {
    return -1L << zone(first) & -1L >>> ZONES - 1 - zone(last);
  }

  /** What lies behind the end of the disk belongs to the last one. */
  private int zone(final long block) {
    return (int) Math.min(block >>> zoneShift, ZONES - 1);
  }

  private boolean isClaimed(final long first, final long last) {
    final long all = claimed.get();
    if (all == NO_ZONES) {
      return false;
    }
    for (long left = all & zones(first, last); left != NO_ZONES; left &= left - 1) {
      final int zone = Long.numberOfTrailingZeros(left);
      if (first <= claimLast.get(zone) && last >= claimFirst.get(zone)) {
        return true;
      }
    }
    return false;
  }

  private boolean tryClaim(final int queueId, final int slot, final long first, final long last) {
    if (zonesOf[slot] == NO_ZONES && !claim(queueId, slot, first, last)) {
      return false;
    }
    // From here on nobody new gets in; the claim stays while those inside finish.
    assert interleave();
    for (int i = 0; i < inFlight.length(); i++) {
      final long range = inFlight.get(i);
      final long from = range >>> COUNT_BITS;
      if (range != NO_RANGE && from <= last && from + (range & COUNT_MASK) > first) {
        return false;
      }
    }
    return true;
  }

  private boolean claim(final int queueId, final int slot, final long first, final long last) {
    final long wanted = zones(first, last);
    long before;
    do {
      before = claimed.get();
      if ((before & wanted) != NO_ZONES) {
        return false;
      }
    } while (!claimed.weakCompareAndSetVolatile(before, before | wanted));
    zonesOf[slot] = wanted;
    for (long left = wanted; left != NO_ZONES; left &= left - 1) {
      final int zone = Long.numberOfTrailingZeros(left);
      assert interleave();
      claimQueue.set(zone, queueId);
      claimFirst.set(zone, first);
      claimLast.set(zone, last);
    }
    wakeOthers(queueId); // who was refused before it was known how far the claim reaches
    return true;
  }

  private void endClaim(final int slot) {
    final long zones = zonesOf[slot];
    zonesOf[slot] = NO_ZONES;
    for (long left = zones; left != NO_ZONES; left &= left - 1) {
      forgetClaim(Long.numberOfTrailingZeros(left));
    }
    assert interleave();
    long before = claimed.get();
    while (!claimed.weakCompareAndSetVolatile(before, before & ~zones)) {
      before = claimed.get();
    }
  }

  private void forgetClaim(final int zone) {
    claimFirst.set(zone, 0);
    claimLast.set(zone, Long.MAX_VALUE);
    claimQueue.set(zone, NOBODY);
  }

  /** Whether nobody has a range: everything that was taken was given back where it was taken. */
  boolean isFree() {
    boolean free = claimed.get() == NO_ZONES;
    for (int i = 0; i < inFlight.length(); i++) {
      free &= inFlight.get(i) == NO_RANGE;
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
}
