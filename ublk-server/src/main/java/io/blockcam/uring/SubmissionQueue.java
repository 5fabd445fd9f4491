package io.blockcam.uring;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.blockcam.nativebindings.uapi.io_sqring_offsets;
import io.blockcam.nativebindings.uapi.io_uring_sqe;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;

/**
 * The queue of requests: this thread writes entries and the tail, the kernel moves the head.
 *
 * <p>Hot path: an entry is written in place as eight 64-bit words, so nothing of its last use is
 * left and no word is written twice. Two fields that share a word are put together for
 * little-endian machines, which x86-64 is.
 */
final class SubmissionQueue {
  private static final VarHandle INT = JAVA_INT.varHandle();

  // struct io_uring_sqe as eight words: opcode, flags, ioprio, fd | off or cmd_op | addr |
  // len, rw_flags | user_data | buf_index, personality, file_index | cmd or addr3 | cmd or pad
  private static final long WORD_0 = io_uring_sqe.opcode$offset();
  private static final long OFF = io_uring_sqe.off$offset();
  private static final long ADDR = io_uring_sqe.addr$offset();
  private static final long LEN = io_uring_sqe.len$offset();
  private static final long USER_DATA = io_uring_sqe.user_data$offset();
  private static final long BUF_INDEX = io_uring_sqe.buf_index$offset();
  private static final long CMD = io_uring_sqe.cmd$offset();

  private static final long SHORT_ENTRY_BYTES = io_uring_sqe.sizeof();
  private static final long LONG_ENTRY_BYTES = 2 * SHORT_ENTRY_BYTES;

  /** Bytes of command payload in a long entry. */
  private static final long LONG_CMD_BYTES = LONG_ENTRY_BYTES - CMD;

  private final MemorySegment ring;
  private final MemorySegment sqes;
  private final long headOffset;
  private final long tailOffset;
  private final long flagsOffset;
  private final int entries;
  private final int mask;
  private final long entryBytes;

  /** Where the next entry goes. The kernel learns of it in {@link #publish}. */
  private int tail;

  /** The kernel's head as last seen. It moves only inside io_uring_enter, without SQPOLL. */
  private int head;

  /**
   * @param ring the mapping at {@code IORING_OFF_SQ_RING}
   * @param offsets {@code io_uring_params.sq_off} as the kernel filled it in
   * @param sqes the mapping at {@code IORING_OFF_SQES}
   * @param entries of the queue, a power of two
   * @param indexArray whether entries are reached through an array of indexes
   */
  SubmissionQueue(
      final MemorySegment ring,
      final MemorySegment offsets,
      final MemorySegment sqes,
      final int entries,
      final boolean indexArray) {
    this.ring = ring;
    this.sqes = sqes;
    this.entries = entries;
    this.mask = entries - 1;
    this.entryBytes = sqes.byteSize() / entries;
    this.headOffset = Integer.toUnsignedLong(io_sqring_offsets.head(offsets));
    this.tailOffset = Integer.toUnsignedLong(io_sqring_offsets.tail(offsets));
    this.flagsOffset = Integer.toUnsignedLong(io_sqring_offsets.flags(offsets));
    if (indexArray) {
      // Slot i always names entry i, as liburing sets it up once (src/setup.c,
      // io_uring_setup_ring_pointers).
      final long array = Integer.toUnsignedLong(io_sqring_offsets.array(offsets));
      for (int i = 0; i < entries; i++) {
        ring.set(JAVA_INT, array + (long) i * Integer.BYTES, i);
      }
    }
  }

  static long entryBytes(final boolean sqe128) {
    return sqe128 ? LONG_ENTRY_BYTES : SHORT_ENTRY_BYTES;
  }

  int entries() {
    return entries;
  }

  boolean isFull() {
    return tail - head == entries;
  }

  /** Entries written and not yet taken by the kernel. */
  int pending() {
    return tail - head;
  }

  /**
   * Lets the kernel see what was written; it looks when it is entered. liburing: src/queue.c,
   * __io_uring_flush_sq.
   *
   * @return entries for the kernel to take
   */
  int publish() {
    INT.setRelease(ring, tailOffset, tail);
    return tail - head;
  }

  /** Looks how far the kernel came. */
  void refresh() {
    head = (int) INT.getAcquire(ring, headOffset);
  }

  /** {@code IORING_SQ_*}: what the kernel wants to tell. */
  int kernelFlags() {
    return (int) INT.getOpaque(ring, flagsOffset);
  }

  /**
   * Writes the next entry, field by field as the kernel has them. Only when the queue {@linkplain
   * #isFull() is not full}.
   */
  // checkstyle: ParameterNumber (hot path: numbers, not an object for each entry)
  void put(
      final int opcode,
      final int flags,
      final int fd,
      final long off,
      final long addr,
      final int len,
      final int opFlags,
      final long userData) {
    putCommand(opcode, flags, fd, off, addr, len, opFlags, userData, 0, 0);
  }

  /** {@link #put} with 16 bytes of command. Only when the queue is not full. */
  // checkstyle: ParameterNumber (hot path)
  void putCommand(
      final int opcode,
      final int flags,
      final int fd,
      final long off,
      final long addr,
      final int len,
      final int opFlags,
      final long userData,
      final long cmd0,
      final long cmd1) {
    final long sqe = (tail & mask) * entryBytes;
    sqes.set(JAVA_LONG, sqe + WORD_0, (opcode & 0xffL) | (flags & 0xffL) << 8 | (long) fd << 32);
    sqes.set(JAVA_LONG, sqe + OFF, off);
    sqes.set(JAVA_LONG, sqe + ADDR, addr);
    sqes.set(JAVA_LONG, sqe + LEN, (len & 0xffff_ffffL) | (long) opFlags << 32);
    sqes.set(JAVA_LONG, sqe + USER_DATA, userData);
    sqes.set(JAVA_LONG, sqe + BUF_INDEX, 0);
    sqes.set(JAVA_LONG, sqe + CMD, cmd0);
    sqes.set(JAVA_LONG, sqe + CMD + Long.BYTES, cmd1);
    tail++;
  }

  /**
   * The command payload of the entry last written, in a queue of 128-byte entries; allocates.
   *
   * @return 80 bytes, all zero
   */
  MemorySegment clearedLongCommand() {
    final long sqe = ((tail - 1) & mask) * entryBytes;
    return sqes.asSlice(sqe + CMD, LONG_CMD_BYTES).fill((byte) 0);
  }
}
