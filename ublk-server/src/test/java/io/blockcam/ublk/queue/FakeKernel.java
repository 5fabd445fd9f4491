package io.blockcam.ublk.queue;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.blockcam.nativebindings.ForwardingPosix;
import io.blockcam.nativebindings.Posix;
import io.blockcam.nativebindings.uapi.Ublk;
import io.blockcam.nativebindings.uapi.Uring;
import io.blockcam.nativebindings.uapi.io_cqring_offsets;
import io.blockcam.nativebindings.uapi.io_sqring_offsets;
import io.blockcam.nativebindings.uapi.io_uring_params;
import io.blockcam.nativebindings.uapi.io_uring_sqe;
import io.blockcam.nativebindings.uapi.ublksrv_io_desc;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * A kernel that does what a test says: one io_uring, one ublk queue, one backing file.
 *
 * <p>The test plays the guest ({@link #request}) and the disk ({@link #completeIo}). Nothing here
 * allocates once it is set up, so that allocations of the loop can be counted.
 */
public final class FakeKernel extends ForwardingPosix {

  static final int RING_FD = 1_000;
  static final int EVENT_FD = 1_001;

  private static final int SQ_HEAD = 0;
  private static final int SQ_TAIL = 4;
  private static final int CQ_HEAD = 64;
  private static final int CQ_TAIL = 68;
  private static final int CQES = 128;
  private static final int CQE_BYTES = 16;
  private static final int SQE_BYTES = 64;
  private static final int MAX_IO = 4096;

  private final Arena arena = Arena.ofAuto();
  private final MemorySegment descriptors;
  private final int depth;

  private MemorySegment rings = MemorySegment.NULL;
  private MemorySegment sqes = MemorySegment.NULL;
  private int sqEntries;
  private int cqEntries;

  private final long[] fetchUserData;
  private final long[] bufferAddress;
  private final boolean[] fetched;
  private final int[] commits;
  private final int[] lastResult;
  private boolean eventFdArmed;
  private long eventFdUserData;
  private boolean eventFdSignalled;

  // Backing I/O in flight, oldest first.
  private final int[] ioOpcode = new int[MAX_IO];
  private final long[] ioUserData = new long[MAX_IO];
  private final long[] ioOffset = new long[MAX_IO];
  private final long[] ioAddress = new long[MAX_IO];
  private final int[] ioLength = new int[MAX_IO];
  private final int[] ioFlags = new int[MAX_IO];
  private final int[] ioFile = new int[MAX_IO];
  private int ioCount;

  /** Whether backing I/O is completed at once, fully and well. */
  public boolean diskIsInstant;

  int enters;

  FakeKernel(final int depth) {
    super(Posix.linux());
    this.depth = depth;
    this.descriptors = arena.allocate(ublksrv_io_desc.sizeof() * depth, 8);
    this.fetchUserData = new long[depth];
    this.bufferAddress = new long[depth];
    this.fetched = new boolean[depth];
    this.commits = new int[depth];
    this.lastResult = new int[depth];
  }

  MemorySegment descriptors() {
    return descriptors;
  }

  // ------------------------------------------------------------------------------- the guest

  /** The guest sends a request; its tag must be idle. */
  public void request(
      final int tag, final int op, final int flags, final long startSector, final int sectors) {
    if (!fetched[tag]) {
      throw new AssertionError("tag " + tag + " is not in the kernel's hands");
    }
    fetched[tag] = false;
    final long at = tag * ublksrv_io_desc.sizeof();
    descriptors.set(JAVA_INT, at + ublksrv_io_desc.op_flags$offset(), op | flags);
    descriptors.set(JAVA_INT, at + ublksrv_io_desc.nr_sectors$offset(), sectors);
    descriptors.set(JAVA_LONG, at + ublksrv_io_desc.start_sector$offset(), startSector);
    post(fetchUserData[tag], Ublk.UBLK_IO_RES_OK());
  }

  /** The device is stopped: all idle tags come back. */
  public void stopDevice() {
    for (int tag = 0; tag < depth; tag++) {
      if (fetched[tag]) {
        fetched[tag] = false;
        post(fetchUserData[tag], Ublk.UBLK_IO_RES_ABORT());
      }
    }
  }

  /** How often a tag was committed. */
  public int commits(final int tag) {
    return commits[tag];
  }

  /** Result of the last commit of a tag. */
  public int result(final int tag) {
    return lastResult[tag];
  }

  public boolean isFetched(final int tag) {
    return fetched[tag];
  }

  /** Where the data of a write is to lie, and that of a read will. */
  public long bufferAddress(final int tag) {
    return bufferAddress[tag];
  }

  // -------------------------------------------------------------------------------- the disk

  /** Backing requests that have been submitted and not completed. */
  public int ioInFlight() {
    return ioCount;
  }

  /** What the queue gave it as user data; the tag stands in the lowest 16 bits. */
  public long ioUserData(final int i) {
    return ioUserData[i];
  }

  public int ioOpcode(final int i) {
    return ioOpcode[i];
  }

  public long ioOffset(final int i) {
    return ioOffset[i];
  }

  public int ioLength(final int i) {
    return ioLength[i];
  }

  public int ioFlags(final int i) {
    return ioFlags[i];
  }

  /** Place of its file in the table of registered ones. */
  public int ioFile(final int i) {
    return ioFile[i];
  }

  public long ioAddress(final int i) {
    return ioAddress[i];
  }

  /** Ends backing request {@code i} with a result. */
  public void completeIo(final int i, final int result) {
    final long userData = ioUserData[i];
    ioCount--;
    for (int k = i; k < ioCount; k++) {
      ioOpcode[k] = ioOpcode[k + 1];
      ioUserData[k] = ioUserData[k + 1];
      ioOffset[k] = ioOffset[k + 1];
      ioAddress[k] = ioAddress[k + 1];
      ioLength[k] = ioLength[k + 1];
      ioFlags[k] = ioFlags[k + 1];
      ioFile[k] = ioFile[k + 1];
    }
    post(userData, result);
  }

  public boolean hasCompletions() {
    return rings.get(JAVA_INT, CQ_TAIL) != rings.get(JAVA_INT, CQ_HEAD);
  }

  // ------------------------------------------------------------------------------- the calls

  @Override
  public int ioUringSetup(final int entries, final MemorySegment params) {
    sqEntries = Integer.highestOneBit(entries * 2 - 1);
    cqEntries = Math.max(io_uring_params.cq_entries(params), sqEntries * 2);
    cqEntries = Integer.highestOneBit(cqEntries * 2 - 1);
    rings = arena.allocate(CQES + (long) cqEntries * CQE_BYTES, 64);
    sqes = arena.allocate((long) sqEntries * SQE_BYTES, 64);
    io_uring_params.sq_entries(params, sqEntries);
    io_uring_params.cq_entries(params, cqEntries);
    final MemorySegment sq = io_uring_params.sq_off(params);
    io_sqring_offsets.head(sq, SQ_HEAD);
    io_sqring_offsets.tail(sq, SQ_TAIL);
    io_sqring_offsets.ring_mask(sq, 8);
    io_sqring_offsets.ring_entries(sq, 12);
    io_sqring_offsets.flags(sq, 16);
    io_sqring_offsets.dropped(sq, 20);
    final MemorySegment cq = io_uring_params.cq_off(params);
    io_cqring_offsets.head(cq, CQ_HEAD);
    io_cqring_offsets.tail(cq, CQ_TAIL);
    io_cqring_offsets.ring_mask(cq, 72);
    io_cqring_offsets.ring_entries(cq, 76);
    io_cqring_offsets.overflow(cq, 80);
    io_cqring_offsets.cqes(cq, CQES);
    rings.set(JAVA_INT, 8, sqEntries - 1);
    rings.set(JAVA_INT, 12, sqEntries);
    rings.set(JAVA_INT, 72, cqEntries - 1);
    rings.set(JAVA_INT, 76, cqEntries);
    io_uring_params.features(params, -1); // every IORING_FEAT_*
    return RING_FD;
  }

  @Override
  public long mmap(
      final long address,
      final long length,
      final int protection,
      final int flags,
      final int fd,
      final long offset) {
    if (fd == RING_FD) {
      return offset == Uring.IORING_OFF_SQES() ? sqes.address() : rings.address();
    }
    return super.mmap(address, length, protection, flags, fd, offset);
  }

  @Override
  public int munmap(final long address, final long length) {
    return address == sqes.address() || address == rings.address()
        ? 0
        : super.munmap(address, length);
  }

  @Override
  public int ioUringRegister(
      final int ringFd, final int opcode, final long argument, final int count) {
    return opcode == Uring.IORING_REGISTER_RING_FDS() ? -22 : 0;
  }

  @Override
  public int ioUringEnter(
      final int ringFd,
      final int toSubmit,
      final int minComplete,
      final int flags,
      final long argument,
      final long argumentSize) {
    enters++;
    int head = rings.get(JAVA_INT, SQ_HEAD);
    final int tail = rings.get(JAVA_INT, SQ_TAIL);
    int submitted = 0;
    while (head != tail) {
      submit((long) (head & (sqEntries - 1)) * SQE_BYTES);
      head++;
      submitted++;
    }
    rings.set(JAVA_INT, SQ_HEAD, head);
    if (minComplete > 0 && !hasCompletions()) {
      throw new AssertionError("the queue thread would sleep now");
    }
    return submitted;
  }

  private void submit(final long sqe) {
    final int opcode = sqes.get(JAVA_BYTE, sqe) & 0xff;
    final long userData = sqes.get(JAVA_LONG, sqe + io_uring_sqe.user_data$offset());
    final long addr = sqes.get(JAVA_LONG, sqe + io_uring_sqe.addr$offset());
    if (opcode == Uring.IORING_OP_URING_CMD()) {
      onIoCommand(sqe, userData);
    } else if (opcode == Uring.IORING_OP_READ()
        && sqes.get(JAVA_INT, sqe + io_uring_sqe.fd$offset()) == EVENT_FD) {
      eventFdArmed = true;
      eventFdUserData = userData;
      signalEventFd();
    } else {
      ioOpcode[ioCount] = opcode;
      ioUserData[ioCount] = userData;
      ioOffset[ioCount] = sqes.get(JAVA_LONG, sqe + io_uring_sqe.off$offset());
      ioAddress[ioCount] = addr;
      ioLength[ioCount] = sqes.get(JAVA_INT, sqe + io_uring_sqe.len$offset());
      ioFlags[ioCount] = sqes.get(JAVA_INT, sqe + io_uring_sqe.rw_flags$offset());
      ioFile[ioCount] = sqes.get(JAVA_INT, sqe + io_uring_sqe.fd$offset());
      ioCount++;
      if (diskIsInstant) {
        completeIo(ioCount - 1, ioLength[ioCount - 1]);
      }
    }
  }

  private void onIoCommand(final long sqe, final long userData) {
    final long command = sqes.get(JAVA_LONG, sqe + io_uring_sqe.cmd$offset());
    final int tag = (int) (command >>> 16) & 0xffff;
    if (fetched[tag]) {
      throw new AssertionError("tag " + tag + " was handed over twice");
    }
    final int op = sqes.get(JAVA_INT, sqe + io_uring_sqe.cmd_op$offset());
    if (op == (int) Ublk.UBLK_U_IO_COMMIT_AND_FETCH_REQ()) {
      commits[tag]++;
      lastResult[tag] = (int) (command >>> 32);
    }
    fetched[tag] = true;
    fetchUserData[tag] = userData;
    bufferAddress[tag] = sqes.get(JAVA_LONG, sqe + io_uring_sqe.cmd$offset() + 8);
  }

  @Override
  public int eventfd(final int initial, final int flags) {
    return EVENT_FD;
  }

  @Override
  public long write(final int fd, final long address, final long length) {
    if (fd == EVENT_FD) {
      eventFdSignalled = true;
      signalEventFd();
      return length;
    }
    return super.write(fd, address, length);
  }

  private void signalEventFd() {
    if (eventFdArmed && eventFdSignalled) {
      eventFdArmed = false;
      eventFdSignalled = false;
      post(eventFdUserData, 8);
    }
  }

  @Override
  public int close(final int fd) {
    return fd == RING_FD || fd == EVENT_FD ? 0 : super.close(fd);
  }

  private void post(final long userData, final int result) {
    final int tail = rings.get(JAVA_INT, CQ_TAIL);
    if (tail - rings.get(JAVA_INT, CQ_HEAD) >= cqEntries) {
      throw new AssertionError("completion queue overflow");
    }
    final long at = CQES + (long) (tail & (cqEntries - 1)) * CQE_BYTES;
    rings.set(JAVA_LONG, at, userData);
    rings.set(JAVA_INT, at + 8, result);
    rings.set(JAVA_INT, at + 12, 0);
    rings.set(JAVA_INT, CQ_TAIL, tail + 1);
  }
}
