package io.blockcam.ublk.queue;

import io.blockcam.nativebindings.ErrnoException;
import io.blockcam.nativebindings.Posix;
import io.blockcam.nativebindings.uapi.Linux;
import io.blockcam.ublk.tap.QueueWaker;
import io.blockcam.uring.IoUring;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Wakes a queue thread that waits for completions: an eventfd with a read of it always pending in
 * the queue's ring.
 *
 * <p>Any thread may call {@link #wake}; between two looks of the queue only the first call costs a
 * system call. The descriptor must not be {@code O_NONBLOCK}: io_uring would complete the read with
 * EAGAIN instead of waiting for it (io_uring_enter(2), RWF_NOWAIT).
 */
final class EventFd implements QueueWaker, AutoCloseable {

  private static final int COUNTER_BYTES = 8;

  private static final int CLOSED = 1 << 30;

  /**
   * Used by whichever thread wins {@link #pending}. Two winners can overlap in the last
   * instructions of a call; all they share is the place of an errno that nobody reads.
   */
  private final Posix posix;

  private final Arena arena;
  private final MemorySegment one;
  private final MemorySegment counter;
  private final int fd;
  private final AtomicBoolean pending = new AtomicBoolean();

  /** Threads inside {@link #wake}, and {@link #CLOSED} once nobody may come in any more. */
  private final AtomicInteger users = new AtomicInteger();

  EventFd(final Posix posix) throws ErrnoException {
    this.posix = posix;
    this.arena = Arena.ofShared();
    this.one = arena.allocate(COUNTER_BYTES, COUNTER_BYTES);
    this.one.set(Layouts.LONG, 0, 1);
    this.counter = arena.allocate(COUNTER_BYTES, COUNTER_BYTES);
    this.fd = ErrnoException.orThrow(posix.eventfd(0, Linux.EFD_CLOEXEC()), "eventfd", 0);
  }

  @Override
  public void wake() {
    if (pending.compareAndSet(false, true)) {
      // The number of a closed descriptor is soon that of another file.
      if (users.getAndIncrement() < CLOSED) {
        posix.write(fd, one.address(), COUNTER_BYTES);
      }
      users.getAndDecrement();
    }
  }

  /** Queue thread: has the ring complete {@code userData} at the next {@link #wake}. */
  void prepareRead(final IoUring ring, final long userData) {
    // A wake before the new read is armed stays in the counter, so none is lost.
    pending.set(false);
    ring.prepareReadFd(fd, counter.address(), COUNTER_BYTES, 0, userData);
  }

  /**
   * Only after the ring that reads from it is closed. {@link #wake} may still be called, by a tap
   * that outlives the device; it does nothing then.
   */
  @Override
  public void close() {
    for (int inside = users.getAndAdd(CLOSED); inside > 0; inside = users.get() - CLOSED) {
      Thread.onSpinWait(); // for the time of one write of eight bytes
    }
    posix.close(fd);
    arena.close();
  }
}
