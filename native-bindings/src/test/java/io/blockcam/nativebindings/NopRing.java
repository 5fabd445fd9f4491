package io.blockcam.nativebindings;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.blockcam.nativebindings.uapi.Linux;
import io.blockcam.nativebindings.uapi.Uring;
import io.blockcam.nativebindings.uapi.io_cqring_offsets;
import io.blockcam.nativebindings.uapi.io_sqring_offsets;
import io.blockcam.nativebindings.uapi.io_uring_cqe;
import io.blockcam.nativebindings.uapi.io_uring_params;
import io.blockcam.nativebindings.uapi.io_uring_sqe;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;

/** The smallest ring that can be driven: NOPs in, completions out. For tests of {@link Posix}. */
final class NopRing implements AutoCloseable {
  private static final VarHandle INDEX = JAVA_INT.varHandle();

  private final Posix posix;
  private final int fd;
  private final int entries;
  private final long ringSize;
  private final MemorySegment ring;
  private final MemorySegment sqes;
  private final long sqTail;
  private final long cqHead;
  private final long cqTail;
  private final long cqes;
  private final int cqMask;

  NopRing(final Posix posix, final int entries) throws ErrnoException {
    this.posix = posix;
    this.entries = entries;
    try (Arena arena = Arena.ofConfined()) {
      final MemorySegment params = arena.allocate(io_uring_params.layout());
      io_uring_params.flags(params, Uring.IORING_SETUP_NO_SQARRAY());
      fd = ErrnoException.orThrow(posix.ioUringSetup(entries, params), "io_uring_setup", entries);
      final MemorySegment sq = io_uring_params.sq_off(params);
      final MemorySegment cq = io_uring_params.cq_off(params);
      sqTail = io_sqring_offsets.tail(sq);
      cqHead = io_cqring_offsets.head(cq);
      cqTail = io_cqring_offsets.tail(cq);
      cqes = io_cqring_offsets.cqes(cq);
      cqMask = io_uring_params.cq_entries(params) - 1;
      ringSize = cqes + io_uring_params.cq_entries(params) * io_uring_cqe.sizeof();
    }
    ring = map(ringSize, Uring.IORING_OFF_SQ_RING());
    sqes = map(entries * io_uring_sqe.sizeof(), Uring.IORING_OFF_SQES());
  }

  private MemorySegment map(final long size, final long offset) throws ErrnoException {
    final int protection = Linux.PROT_READ() | Linux.PROT_WRITE();
    final int flags = Linux.MAP_SHARED() | Linux.MAP_POPULATE();
    final long address = posix.mmap(0, size, protection, flags, fd, offset);
    return MemorySegment.ofAddress(ErrnoException.orThrow(address, "mmap", size)).reinterpret(size);
  }

  /** Submits a ringful of NOPs, waits for them, and returns the sum of their user data. */
  long turn() {
    final int tail = ring.get(ValueLayout.JAVA_INT, sqTail);
    for (int i = 0; i < entries; i++) {
      final long sqe = ((tail + i) & (entries - 1)) * io_uring_sqe.sizeof();
      sqes.set(ValueLayout.JAVA_BYTE, sqe + io_uring_sqe.opcode$offset(), (byte) 0);
      sqes.set(ValueLayout.JAVA_LONG, sqe + io_uring_sqe.user_data$offset(), i + 1);
    }
    INDEX.setRelease(ring, sqTail, tail + entries);
    final int flags = Uring.IORING_ENTER_GETEVENTS();
    final int submitted = posix.ioUringEnter(fd, entries, entries, flags, 0, 0);
    if (submitted != entries) {
      throw new IllegalStateException("io_uring_enter submitted " + submitted);
    }
    long sum = 0;
    int head = ring.get(ValueLayout.JAVA_INT, cqHead);
    final int end = (int) INDEX.getAcquire(ring, cqTail);
    for (; head != end; head++) {
      final long cqe = cqes + (head & cqMask) * io_uring_cqe.sizeof();
      sum += ring.get(ValueLayout.JAVA_LONG, cqe + io_uring_cqe.user_data$offset());
    }
    INDEX.setRelease(ring, cqHead, head);
    return sum;
  }

  @Override
  public void close() {
    posix.munmap(sqes.address(), sqes.byteSize());
    posix.munmap(ring.address(), ringSize);
    posix.close(fd);
  }
}
