package io.blockcam.capture.ring;

import java.util.concurrent.atomic.AtomicLong;

/**
 * The tickets that one queue wants durable: a queue from one producer (the queue's thread) to one
 * consumer, which keeps those it can not serve yet.
 *
 * <p>Hot path: no allocation, no lock. A queue has at most 4096 tags (UBLK_MAX_QUEUE_DEPTH,
 * ublk_cmd.h), each with one request that is waited for; two more of each may already be served and
 * not yet be forgotten, since the consumer can make the record durable twice between two looks here
 * (after a flush, then because a segment was old). Each array holds all of them.
 */
final class DurableRequests {
  private static final int CAPACITY = 4 * 4096;
  private static final int MASK = CAPACITY - 1;

  private final long[] handedOver = new long[CAPACITY];
  private final AtomicLong tail = new AtomicLong();
  private final AtomicLong head = new AtomicLong();

  // consumer's
  private final long[] waiting = new long[CAPACITY];
  private int waitingCount;

  /** Queue's thread; once per ticket, so that a full queue can not happen. */
  void add(final long ticket) {
    final long at = tail.getPlain();
    assert at - head.get() < CAPACITY : "more tickets than tags";
    handedOver[(int) at & MASK] = ticket;
    tail.set(at + 1); // volatile: ordered before the wake-up of the consumer
  }

  /**
   * Takes what was added, as far as there is room. Consumer.
   *
   * @return whether one of the waiting tickets is not beyond {@code appended}
   */
  boolean drain(final long appended) {
    final long end = tail.get();
    long at = head.getPlain();
    while (at < end && waitingCount < CAPACITY) {
      waiting[waitingCount++] = handedOver[(int) at++ & MASK];
    }
    head.set(at);
    for (int i = 0; i < waitingCount; i++) {
      if (waiting[i] <= appended) {
        return true;
      }
    }
    return false;
  }

  /** Whether there are tickets that could not be served yet. Consumer. */
  boolean isWaiting() {
    return waitingCount > 0;
  }

  /**
   * Forgets the tickets through this one. Consumer.
   *
   * @return whether there was one
   */
  boolean served(final long durable) {
    final int before = waitingCount;
    int kept = 0;
    for (int i = 0; i < before; i++) {
      if (waiting[i] > durable) {
        waiting[kept++] = waiting[i];
      }
    }
    waitingCount = kept;
    return kept < before;
  }
}
