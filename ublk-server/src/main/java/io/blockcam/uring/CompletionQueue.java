package io.blockcam.uring;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.blockcam.nativebindings.uapi.io_cqring_offsets;
import io.blockcam.nativebindings.uapi.io_uring_cqe;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;

/**
 * The queue of results: the kernel writes entries and the tail, this thread moves the head.
 *
 * <p>Hot path. The tail is read once per batch and the head written once per batch: entries between
 * them belong to this thread.
 */
final class CompletionQueue {
  private static final VarHandle INT = JAVA_INT.varHandle();

  private static final long ENTRY_BYTES = io_uring_cqe.sizeof();
  private static final long USER_DATA = io_uring_cqe.user_data$offset();
  private static final long RES = io_uring_cqe.res$offset();

  private final MemorySegment ring;
  private final long headOffset;
  private final long tailOffset;
  private final long cqesOffset;
  private final int entries;
  private final int mask;

  private int head;

  /**
   * @param ring the mapping at {@code IORING_OFF_SQ_RING}, which holds this queue too ({@code
   *     IORING_FEAT_SINGLE_MMAP})
   * @param offsets {@code io_uring_params.cq_off} as the kernel filled it in
   * @param entries of the queue, a power of two
   */
  CompletionQueue(final MemorySegment ring, final MemorySegment offsets, final int entries) {
    this.ring = ring;
    this.entries = entries;
    this.mask = entries - 1;
    this.headOffset = Integer.toUnsignedLong(io_cqring_offsets.head(offsets));
    this.tailOffset = Integer.toUnsignedLong(io_cqring_offsets.tail(offsets));
    this.cqesOffset = Integer.toUnsignedLong(io_cqring_offsets.cqes(offsets));
  }

  /** Where the last entry ends in the mapping, in bytes. */
  static long end(final MemorySegment offsets, final int entries) {
    return Integer.toUnsignedLong(io_cqring_offsets.cqes(offsets)) + entries * ENTRY_BYTES;
  }

  int entries() {
    return entries;
  }

  /**
   * Entries there are. The acquire pairs with the kernel's release (io_uring.c, io_commit_cqring).
   */
  int available() {
    return (int) INT.getAcquire(ring, tailOffset) - head;
  }

  long userData(final int index) {
    return ring.get(JAVA_LONG, entry(index) + USER_DATA);
  }

  int result(final int index) {
    return ring.get(JAVA_INT, entry(index) + RES);
  }

  /**
   * Gives entries back; the kernel may overwrite them from now on. liburing: liburing.h,
   * io_uring_cq_advance.
   */
  void advance(final int count) {
    head += count;
    INT.setRelease(ring, headOffset, head);
  }

  private long entry(final int index) {
    return cqesOffset + ((head + index) & mask) * ENTRY_BYTES;
  }
}
