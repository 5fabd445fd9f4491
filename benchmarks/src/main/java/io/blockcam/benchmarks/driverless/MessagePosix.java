package io.blockcam.benchmarks.driverless;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.blockcam.nativebindings.ForwardingPosix;
import io.blockcam.nativebindings.Posix;
import io.blockcam.nativebindings.uapi.Ublk;
import io.blockcam.nativebindings.uapi.Uring;
import io.blockcam.nativebindings.uapi.io_cqring_offsets;
import io.blockcam.nativebindings.uapi.io_sqring_offsets;
import io.blockcam.nativebindings.uapi.io_uring_cqe;
import io.blockcam.nativebindings.uapi.io_uring_params;
import io.blockcam.nativebindings.uapi.io_uring_sqe;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;
import java.util.function.IntConsumer;

/**
 * A kernel whose ublk driver is another process: commands to the driver become messages to its ring
 * on their way into io_uring_enter, and what they bring is copied on the way out of it. Of the
 * queue's thread, which has one ring.
 */
final class MessagePosix extends ForwardingPosix {

  private static final byte COMMAND = (byte) Uring.IORING_OP_URING_CMD();
  private static final byte MESSAGE = (byte) Uring.IORING_OP_MSG_RING();
  private static final byte SKIP_SUCCESS = (byte) Uring.IOSQE_CQE_SKIP_SUCCESS();
  private static final int FETCH = (int) Ublk.UBLK_U_IO_FETCH_REQ();
  private static final long SQE_BYTES = io_uring_sqe.sizeof();
  private static final long CQE_BYTES = io_uring_cqe.sizeof();

  // Of struct io_uring_sqe, and of struct ublksrv_io_cmd at its end.
  private static final long FLAGS = 1;
  private static final long FD = 4;
  private static final long OFF = 8;
  private static final long ADDR = 16;
  private static final long LEN = 24;
  private static final long OP_FLAGS = 28;
  private static final long BUFFER_INDEX = 40;
  private static final long COMMAND_NUMBERS = 48;
  private static final long COMMAND_ADDRESS = 56;

  /** As msg_ring.h has them. */
  private static final long FETCHED = 1L << 32;

  private static final long SERVER_KIND = 1;
  private static final int KIND_SHIFT = 56;

  private final GuestMemory guest;
  private final int driverRing;
  private final IntConsumer onRing;
  private final long[] buffers;
  private MemorySegment ring = MemorySegment.NULL;
  private MemorySegment entries = MemorySegment.NULL;
  private int ringFd = -1;
  private long sqTail;
  private long sqMask;
  private long cqTail;
  private long cqMask;
  private long cqes;
  private int rewritten;
  private int copied;

  /**
   * @param guest what is shared with the driver
   * @param driverRing its ring
   * @param depth how many tags there are
   * @param onRing told the descriptor of the ring
   */
  MessagePosix(
      final Posix delegate,
      final GuestMemory guest,
      final int driverRing,
      final int depth,
      final IntConsumer onRing) {
    super(delegate);
    this.guest = guest;
    this.driverRing = driverRing;
    this.onRing = onRing;
    this.buffers = new long[depth];
  }

  @Override
  public int ioUringSetup(final int wanted, final MemorySegment params) {
    final int fd = super.ioUringSetup(wanted, params);
    if (fd >= 0) {
      ringFd = fd;
      final MemorySegment sq = io_uring_params.sq_off(params);
      final MemorySegment cq = io_uring_params.cq_off(params);
      sqTail = io_sqring_offsets.tail(sq);
      sqMask = io_sqring_offsets.ring_mask(sq);
      cqTail = io_cqring_offsets.tail(cq);
      cqMask = io_cqring_offsets.ring_mask(cq);
      cqes = io_cqring_offsets.cqes(cq);
      onRing.accept(fd);
    }
    return fd;
  }

  // checkstyle: ParameterNumber (mmap(2))
  @Override
  public long mmap(
      final long wanted,
      final long length,
      final int protection,
      final int flags,
      final int fd,
      final long offset) {
    final long address = super.mmap(wanted, length, protection, flags, fd, offset);
    if (fd >= 0 && fd == ringFd && address > 0) {
      final MemorySegment mapped = MemorySegment.ofAddress(address).reinterpret(length);
      if (offset == Uring.IORING_OFF_SQES()) {
        entries = mapped;
      } else {
        ring = mapped;
      }
    }
    return address;
  }

  @Override
  public int ioUringEnter(
      final int fd,
      final int toSubmit,
      final int minComplete,
      final int flags,
      final long argument,
      final long argumentSize) {
    final int tail = ring.get(JAVA_INT, sqTail);
    final int mask = ring.get(JAVA_INT, sqMask);
    for (; rewritten != tail; rewritten++) {
      rewrite((rewritten & mask) * SQE_BYTES);
    }
    final int result = super.ioUringEnter(fd, toSubmit, minComplete, flags, argument, argumentSize);
    copyArrived();
    return result;
  }

  private void rewrite(final long at) {
    if (entries.get(JAVA_BYTE, at) != COMMAND) {
      return;
    }
    final long numbers = entries.get(JAVA_LONG, at + COMMAND_NUMBERS);
    final int tag = (int) (numbers >>> 16) & 0xffff;
    final int result = (int) (numbers >>> 32);
    final boolean first = entries.get(JAVA_INT, at + OFF) == FETCH;
    buffers[tag] = entries.get(JAVA_LONG, at + COMMAND_ADDRESS);
    if (!first) {
      guest.copyOut(tag, buffers[tag], result);
    }
    entries.set(JAVA_BYTE, at, MESSAGE);
    entries.set(JAVA_BYTE, at + FLAGS, SKIP_SUCCESS);
    entries.set(JAVA_INT, at + FD, driverRing);
    entries.set(JAVA_LONG, at + OFF, first ? FETCHED | tag : tag);
    entries.set(JAVA_LONG, at + ADDR, Uring.IORING_MSG_DATA());
    entries.set(JAVA_INT, at + LEN, first ? 0 : result);
    entries.set(JAVA_INT, at + OP_FLAGS, 0);
    entries.set(JAVA_LONG, at + BUFFER_INDEX, 0);
    entries.set(JAVA_LONG, at + COMMAND_NUMBERS, 0);
    entries.set(JAVA_LONG, at + COMMAND_ADDRESS, 0);
  }

  private void copyArrived() {
    final int tail = ring.get(JAVA_INT, cqTail);
    VarHandle.acquireFence();
    final int mask = ring.get(JAVA_INT, cqMask);
    for (; copied != tail; copied++) {
      final long userData = ring.get(JAVA_LONG, cqes + (copied & mask) * CQE_BYTES);
      if (userData >>> KIND_SHIFT == SERVER_KIND) {
        final int tag = (int) userData & 0xffff;
        guest.copyIn(tag, buffers[tag]);
      }
    }
  }
}
