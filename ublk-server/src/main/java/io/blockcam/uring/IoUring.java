package io.blockcam.uring;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.blockcam.nativebindings.Errno;
import io.blockcam.nativebindings.ErrnoException;
import io.blockcam.nativebindings.Posix;
import io.blockcam.nativebindings.uapi.Linux;
import io.blockcam.nativebindings.uapi.Uring;
import io.blockcam.nativebindings.uapi.__kernel_timespec;
import io.blockcam.nativebindings.uapi.io_sqring_offsets;
import io.blockcam.nativebindings.uapi.io_uring_getevents_arg;
import io.blockcam.nativebindings.uapi.io_uring_params;
import io.blockcam.nativebindings.uapi.io_uring_rsrc_update;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import java.util.concurrent.locks.LockSupport;

/**
 * One io_uring: requests are prepared, submitted together, and their results reaped.
 *
 * <pre>{@code
 * ring.prepareWrite(file, address, length, offset, 0, userData);
 * ring.submitAndWait(1);
 * int n = ring.completions();
 * for (int i = 0; i < n; i++) {
 *   handle(ring.cqeUserData(i), ring.cqeResult(i));
 * }
 * ring.advance(n);
 * }</pre>
 *
 * <p><b>Thread.</b> A ring belongs to the thread that built it; every method is called there. Only
 * {@link #close} may be called elsewhere, once that thread has ended.
 *
 * <p><b>Memory.</b> What a request points to stays alive and in place until its completion was
 * reaped, also after a cancel. Addresses and lengths are in bytes.
 *
 * <p><b>Files.</b> {@code fileIndex} is a place in the table of {@link #registerFiles}; {@code fd}
 * is an ordinary file descriptor.
 *
 * <p><b>Full queue.</b> A {@code prepare} method that finds no free entry first submits what is
 * there; it does not wait for completions. It throws {@link UncheckedIOException} only when the
 * kernel refuses that, which means that the ring can not be used any more.
 *
 * <p>Results are those of the system call of the same name, {@code -errno} for an error.
 */
public final class IoUring implements AutoCloseable {

  /** Waits as long as it takes. */
  private static final long FOREVER = Long.MAX_VALUE;

  private static final long NANOS_PER_SECOND = 1_000_000_000L;

  /** How long to let the kernel recover when it is short of memory (EAGAIN), and how often. */
  private static final long RETRY_PAUSE_NS = 100_000;

  private static final int MAX_RETRIES = 10_000;

  private static final int FIXED_FILE = Uring.IOSQE_FIXED_FILE();

  private final Posix posix;
  private final Thread owner = Thread.currentThread();
  private final int ringFd;
  private final UringFeatures features;
  private final MemorySegment ringMemory;
  private final MemorySegment sqeMemory;
  private final SubmissionQueue sq;
  private final CompletionQueue cq;

  /** What to name the ring by in io_uring_enter, and the flag that says so. */
  private final int enterFd;

  private final int enterFlags;

  private final MemorySegment waitArgument;
  private final MemorySegment waitTime;
  private boolean closed;

  private IoUring(
      final Posix posix,
      final int ringFd,
      final MemorySegment params,
      final int setupFlags,
      final boolean registerRing)
      throws IOException {
    this.posix = posix;
    this.ringFd = ringFd;
    final int sqEntries = io_uring_params.sq_entries(params);
    final int cqEntries = io_uring_params.cq_entries(params);
    final MemorySegment sqOffsets = io_uring_params.sq_off(params);
    final MemorySegment cqOffsets = io_uring_params.cq_off(params);
    final boolean noSqArray = (setupFlags & Uring.IORING_SETUP_NO_SQARRAY()) != 0;
    final boolean sqe128 = (setupFlags & Uring.IORING_SETUP_SQE128()) != 0;

    long ringBytes = CompletionQueue.end(cqOffsets, cqEntries);
    if (!noSqArray) {
      final long array = Integer.toUnsignedLong(io_sqring_offsets.array(sqOffsets));
      ringBytes = Math.max(ringBytes, array + (long) sqEntries * Integer.BYTES);
    }
    ringMemory = map(ringBytes, Uring.IORING_OFF_SQ_RING());
    try {
      sqeMemory = map(sqEntries * SubmissionQueue.entryBytes(sqe128), Uring.IORING_OFF_SQES());
    } catch (final IOException e) {
      posix.munmap(ringMemory.address(), ringBytes);
      throw e;
    }
    sq = new SubmissionQueue(ringMemory, sqOffsets, sqeMemory, sqEntries, !noSqArray);
    cq = new CompletionQueue(ringMemory, cqOffsets, cqEntries);

    final Arena arena = Arena.ofAuto();
    waitTime = arena.allocate(__kernel_timespec.layout());
    waitArgument = arena.allocate(io_uring_getevents_arg.layout());
    io_uring_getevents_arg.ts(waitArgument, waitTime.address());

    final int registered = registerRing ? registerRingFd() : -1;
    enterFd = registered >= 0 ? registered : ringFd;
    enterFlags = registered >= 0 ? Uring.IORING_ENTER_REGISTERED_RING() : 0;
    features =
        new UringFeatures(
            (setupFlags & Uring.IORING_SETUP_SINGLE_ISSUER()) != 0,
            (setupFlags & Uring.IORING_SETUP_DEFER_TASKRUN()) != 0,
            (setupFlags & Uring.IORING_SETUP_COOP_TASKRUN()) != 0,
            (setupFlags & Uring.IORING_SETUP_SUBMIT_ALL()) != 0,
            noSqArray,
            sqe128,
            registered >= 0);
  }

  /** Starts the description of a ring. */
  public static Builder builder() {
    return new Builder();
  }

  /** What this ring uses of what the kernel offers. */
  public UringFeatures features() {
    return features;
  }

  /** Requests that fit between two submissions. */
  public int entries() {
    return sq.entries();
  }

  /** Completions that fit before they have to be reaped. More are kept by the kernel meanwhile. */
  public int cqEntries() {
    return cq.entries();
  }

  // -------------------------------------------------------------------------- registered files

  /**
   * Registers a table of files, so that requests need not look them up. Control code: allocates.
   *
   * @param fds file descriptors, -1 for an empty place; the ring keeps its own references, so they
   *     may be closed
   * @throws ErrnoException when a descriptor is bad, a table exists (EBUSY), or there are more than
   *     RLIMIT_NOFILE (EMFILE)
   */
  public void registerFiles(final int[] fds) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      final MemorySegment table = arena.allocateFrom(JAVA_INT, fds);
      ErrnoException.orThrow(
          posix.ioUringRegister(ringFd, Uring.IORING_REGISTER_FILES(), table.address(), fds.length),
          "io_uring_register",
          "IORING_REGISTER_FILES",
          fds.length + " files");
    }
  }

  /** Drops the table and its references. Requests in flight keep theirs. */
  public void unregisterFiles() throws IOException {
    int result;
    do {
      result = posix.ioUringRegister(ringFd, Uring.IORING_UNREGISTER_FILES(), 0, 0);
    } while (result == -Linux.EINTR());
    ErrnoException.orThrow(result, "io_uring_register", "IORING_UNREGISTER_FILES");
  }

  // ------------------------------------------------------------------------ preparing requests

  /** Does nothing but complete, with result 0. */
  public void prepareNop(final long userData) {
    prepare(Uring.IORING_OP_NOP(), 0, -1, 0, 0, 0, 0, userData);
  }

  /**
   * A command to the driver behind a registered file, with 16 bytes of payload.
   *
   * @param cmdOp the driver's number of the command
   * @param cmd0 first 8 bytes of the payload, little-endian
   * @param cmd1 second 8 bytes
   */
  public void prepareUringCmd(
      final int fileIndex, final int cmdOp, final long cmd0, final long cmd1, final long userData) {
    if (sq.isFull()) {
      makeRoom();
    }
    sq.putCommand(
        Uring.IORING_OP_URING_CMD(),
        FIXED_FILE,
        fileIndex,
        Integer.toUnsignedLong(cmdOp),
        0,
        0,
        0,
        userData,
        cmd0,
        cmd1);
  }

  /**
   * A command to a driver with up to 80 bytes of payload. Only on a ring built with {@link
   * Builder#sqe128}. Control code: allocates.
   *
   * @param fd the device
   * @param cmdOp the driver's number of the command
   * @return the payload, 80 bytes of zeroes to be filled in before the next call on this ring
   */
  public MemorySegment prepareUringCmd128(final int fd, final int cmdOp, final long userData) {
    if (!features.sqe128()) {
      throw new IllegalStateException("the ring was built without sqe128(true)");
    }
    prepare(Uring.IORING_OP_URING_CMD(), 0, fd, Integer.toUnsignedLong(cmdOp), 0, 0, 0, userData);
    return sq.clearedLongCommand();
  }

  /**
   * pread of a registered file.
   *
   * @param rwFlags {@code RWF_*}
   */
  public void prepareRead(
      final int fileIndex,
      final long address,
      final int length,
      final long offset,
      final int rwFlags,
      final long userData) {
    prepare(
        Uring.IORING_OP_READ(), FIXED_FILE, fileIndex, offset, address, length, rwFlags, userData);
  }

  /** pread of an ordinary descriptor; of an eventfd or pipe, which have no offset, give 0. */
  public void prepareReadFd(
      final int fd, final long address, final int length, final long offset, final long userData) {
    prepare(Uring.IORING_OP_READ(), 0, fd, offset, address, length, 0, userData);
  }

  /**
   * pwrite of a registered file.
   *
   * @param rwFlags {@code RWF_*}, for example {@code RWF_DSYNC}
   */
  public void prepareWrite(
      final int fileIndex,
      final long address,
      final int length,
      final long offset,
      final int rwFlags,
      final long userData) {
    prepare(
        Uring.IORING_OP_WRITE(), FIXED_FILE, fileIndex, offset, address, length, rwFlags, userData);
  }

  /** fdatasync of a registered file. Not ordered with writes that are still in flight. */
  public void prepareFdatasync(final int fileIndex, final long userData) {
    prepare(
        Uring.IORING_OP_FSYNC(),
        FIXED_FILE,
        fileIndex,
        0,
        0,
        0,
        Uring.IORING_FSYNC_DATASYNC(),
        userData);
  }

  /**
   * fallocate of a registered file. Carried out by a kernel worker.
   *
   * @param mode {@code FALLOC_FL_*}
   * @param offset first byte
   * @param length bytes
   */
  public void prepareFallocate(
      final int fileIndex,
      final int mode,
      final long offset,
      final long length,
      final long userData) {
    // The length stands in addr, the mode in len: io_uring_enter(2), IORING_OP_FALLOCATE.
    prepare(Uring.IORING_OP_FALLOCATE(), FIXED_FILE, fileIndex, offset, length, mode, 0, userData);
  }

  // checkstyle: ParameterNumber (hot path: numbers, not an object for each entry)
  private void prepare(
      final int opcode,
      final int flags,
      final int fd,
      final long off,
      final long addr,
      final int len,
      final int opFlags,
      final long userData) {
    if (sq.isFull()) {
      makeRoom();
    }
    sq.put(opcode, flags, fd, off, addr, len, opFlags, userData);
  }

  private void makeRoom() {
    try {
      submit();
    } catch (final IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  // -------------------------------------------------------------------- submitting and waiting

  /**
   * Hands everything prepared to the kernel. Does not wait for completions.
   *
   * @throws ErrnoException when the ring itself is broken
   */
  public void submit() throws IOException {
    for (int attempt = 0; sq.pending() > 0; attempt++) {
      final int result = posix.ioUringEnter(enterFd, sq.publish(), 0, enterFlags, 0, 0);
      sq.refresh();
      if (result < 0) {
        onError(result, attempt);
      }
    }
  }

  /**
   * Hands everything prepared to the kernel and waits.
   *
   * @param minComplete completions that must be there before it returns, those not yet reaped
   *     included; 0 only lets the kernel finish what is ready. At least one is there, but perhaps
   *     fewer than that, when the kernel asks to reap first
   * @throws ErrnoException when the ring itself is broken
   */
  public void submitAndWait(final int minComplete) throws IOException {
    submitAndWait(minComplete, FOREVER);
  }

  /**
   * Hands everything prepared to the kernel and waits for a limited time. Returns normally when it
   * is over.
   *
   * @param minComplete as in {@link #submitAndWait(int)}
   * @param timeoutNs the limit in nanoseconds, at least 0
   * @throws ErrnoException when the ring itself is broken
   */
  public void submitAndWait(final int minComplete, final long timeoutNs) throws IOException {
    // GETEVENTS also when nothing is waited for: it is what runs deferred work
    // (IORING_SETUP_DEFER_TASKRUN) and moves overflowed completions into the queue.
    int flags = enterFlags | Uring.IORING_ENTER_GETEVENTS();
    long argument = 0;
    long argumentSize = 0;
    long deadline = 0;
    if (timeoutNs != FOREVER) {
      flags |= Uring.IORING_ENTER_EXT_ARG();
      argument = waitArgument.address();
      argumentSize = waitArgument.byteSize();
      deadline = System.nanoTime() + timeoutNs;
      setWaitTime(timeoutNs);
    }
    try {
      for (int attempt = 0; ; attempt++) {
        final int result =
            posix.ioUringEnter(enterFd, sq.publish(), minComplete, flags, argument, argumentSize);
        sq.refresh();
        if (result == -Linux.ETIME() || (isBacklog(result) && cq.available() > 0)) {
          break;
        }
        if (result < 0) {
          onError(result, attempt);
        } else if (cq.available() >= minComplete && sq.pending() == 0) {
          break;
        }
        // Here after a signal, or when the kernel took only a part (no IORING_SETUP_SUBMIT_ALL).
        if (timeoutNs != FOREVER) {
          final long leftNs = deadline - System.nanoTime();
          if (leftNs <= 0) {
            break;
          }
          setWaitTime(leftNs);
        }
      }
    } finally {
      Reference.reachabilityFence(this); // and so the memory of waitArgument
    }
  }

  /**
   * The completion queue is full, or the kernel short of memory: "the application should wait for
   * some completions and try again" (io_uring_enter(2), EAGAIN and EBUSY). What could not be
   * submitted stays prepared.
   */
  private static boolean isBacklog(final int result) {
    return result == -Linux.EBUSY() || result == -Linux.EAGAIN();
  }

  private void setWaitTime(final long nanos) {
    __kernel_timespec.tv_sec(waitTime, nanos / NANOS_PER_SECOND);
    __kernel_timespec.tv_nsec(waitTime, nanos % NANOS_PER_SECOND);
  }

  private void onError(final int result, final int attempt) throws ErrnoException {
    if (result == -Linux.EINTR()) {
      return;
    }
    if (isBacklog(result) && attempt < MAX_RETRIES) {
      LockSupport.parkNanos(RETRY_PAUSE_NS);
      return;
    }
    throw new ErrnoException("io_uring_enter", toString(), -result);
  }

  // ------------------------------------------------------------------------ reaping completions

  /** Completions that are there. Looks only; see {@link #submitAndWait(int)}. */
  public int completions() {
    return cq.available();
  }

  /** User data of completion {@code index}, counted from the oldest not yet given back. */
  public long cqeUserData(final int index) {
    return cq.userData(index);
  }

  /** Result of completion {@code index}: at least 0, or {@code -errno}. */
  public int cqeResult(final int index) {
    return cq.result(index);
  }

  /**
   * Gives the oldest completions back to the kernel.
   *
   * @param count at most {@link #completions}
   */
  public void advance(final int count) {
    cq.advance(count);
  }

  /** Whether the kernel holds completions that did not fit. The next wait brings them. */
  boolean hasOverflow() {
    return (sq.kernelFlags() & Uring.IORING_SQ_CQ_OVERFLOW()) != 0;
  }

  /**
   * Frees the ring. Requests in flight are cancelled by the kernel in the background: what they
   * point to may be written until their files say otherwise. On the owner's thread, or on any after
   * that has ended. A second call does nothing.
   */
  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    if (features.registeredRing() && Thread.currentThread() == owner) {
      // The registration is the thread's, and would keep the ring alive as long as the thread.
      try (Arena arena = Arena.ofConfined()) {
        final MemorySegment update = arena.allocate(io_uring_rsrc_update.layout());
        io_uring_rsrc_update.offset(update, enterFd);
        posix.ioUringRegister(ringFd, Uring.IORING_UNREGISTER_RING_FDS(), update.address(), 1);
      }
    }
    posix.munmap(sqeMemory.address(), sqeMemory.byteSize());
    posix.munmap(ringMemory.address(), ringMemory.byteSize());
    posix.close(ringFd);
  }

  @Override
  public String toString() {
    return "io_uring of " + sq.entries() + " entries, fd " + ringFd;
  }

  private MemorySegment map(final long size, final long offset) throws IOException {
    final int protection = Linux.PROT_READ() | Linux.PROT_WRITE();
    final int flags = Linux.MAP_SHARED() | Linux.MAP_POPULATE();
    final long address =
        ErrnoException.orThrow(
            posix.mmap(0, size, protection, flags, ringFd, offset),
            "mmap",
            "io_uring",
            size + " bytes");
    // Not of an arena: nothing is counted per access, and close() unmaps.
    return MemorySegment.ofAddress(address).reinterpret(size);
  }

  /** Index of the ring among the thread's registered rings, or negative when that can not be. */
  private int registerRingFd() {
    try (Arena arena = Arena.ofConfined()) {
      final MemorySegment update = arena.allocate(io_uring_rsrc_update.layout());
      io_uring_rsrc_update.offset(update, -1); // any place
      io_uring_rsrc_update.data(update, ringFd);
      final int result =
          posix.ioUringRegister(ringFd, Uring.IORING_REGISTER_RING_FDS(), update.address(), 1);
      return result == 1 ? io_uring_rsrc_update.offset(update) : -1;
    }
  }

  /** Describes a ring, then builds it. */
  public static final class Builder {

    /**
     * Given up from the front, newest first, while the kernel does not know them. DEFER_TASKRUN
     * goes before SINGLE_ISSUER, which it needs.
     */
    private static final int[] OPTIONAL = {
      Uring.IORING_SETUP_NO_SQARRAY(),
      Uring.IORING_SETUP_DEFER_TASKRUN(),
      Uring.IORING_SETUP_SINGLE_ISSUER(),
      Uring.IORING_SETUP_COOP_TASKRUN(),
      Uring.IORING_SETUP_SUBMIT_ALL(),
    };

    private int entries = 64;
    private int cqEntries;
    private boolean sqe128;
    private boolean singleIssuer;

    private Builder() {}

    /**
     * Requests that fit between two submissions, 1 .. 32768; the kernel rounds up to a power of
     * two.
     */
    public Builder entries(final int entries) {
      this.entries = entries;
      return this;
    }

    /** Completions that fit, at least as many as entries; else twice as many as entries. */
    public Builder cqEntries(final int cqEntries) {
      this.cqEntries = cqEntries;
      return this;
    }

    /** Entries of 128 bytes, for {@link IoUring#prepareUringCmd128}. */
    public Builder sqe128(final boolean sqe128) {
      this.sqe128 = sqe128;
      return this;
    }

    /**
     * For a ring that is busy: lets the kernel rely on one thread, leave finished work until that
     * thread waits for it, and skip the look-up of the ring.
     */
    public Builder singleIssuer(final boolean singleIssuer) {
      this.singleIssuer = singleIssuer;
      return this;
    }

    /**
     * Makes the ring, on the thread that will use it.
     *
     * @param posix used by the ring; the thread's own
     * @throws UringUnavailableException when this machine or process may not use io_uring
     * @throws ErrnoException when the kernel refuses for another reason
     */
    public IoUring build(final Posix posix) throws IOException {
      int flags = Uring.IORING_SETUP_NO_SQARRAY() | Uring.IORING_SETUP_SUBMIT_ALL();
      if (singleIssuer) {
        flags |=
            Uring.IORING_SETUP_SINGLE_ISSUER()
                | Uring.IORING_SETUP_DEFER_TASKRUN()
                | Uring.IORING_SETUP_COOP_TASKRUN();
      }
      if (sqe128) {
        flags |= Uring.IORING_SETUP_SQE128();
      }
      if (cqEntries > 0) {
        flags |= Uring.IORING_SETUP_CQSIZE();
      }
      try (Arena arena = Arena.ofConfined()) {
        final MemorySegment params = arena.allocate(io_uring_params.layout());
        int result = setup(posix, params, flags);
        for (int i = 0; result == -Linux.EINVAL() && i < OPTIONAL.length; i++) {
          if ((flags & OPTIONAL[i]) != 0) {
            flags &= ~OPTIONAL[i];
            result = setup(posix, params, flags);
          }
        }
        check(result);
        try {
          checkFeatures(io_uring_params.features(params));
          return new IoUring(posix, result, params, flags, singleIssuer);
        } catch (final IOException e) {
          posix.close(result);
          throw e;
        }
      }
    }

    private int setup(final Posix posix, final MemorySegment params, final int flags) {
      params.fill((byte) 0);
      io_uring_params.flags(params, flags);
      io_uring_params.cq_entries(params, cqEntries);
      return posix.ioUringSetup(entries, params);
    }

    private void check(final int result) throws IOException {
      if (result == -Linux.ENOSYS()) {
        throw new UringUnavailableException(
            "this kernel has no io_uring: Linux 6.0 or newer with CONFIG_IO_URING is needed");
      }
      if (result == -Linux.EPERM() || result == -Linux.EACCES()) {
        throw new UringUnavailableException(
            "io_uring is switched off for this process ("
                + Errno.name(result)
                + "): set the sysctl kernel.io_uring_disabled to 0, and allow io_uring in the"
                + " container's seccomp profile");
      }
      if (result == -Linux.ENOMEM()) {
        throw new UringUnavailableException(
            "no memory for an io_uring of "
                + entries
                + " entries (ENOMEM): raise RLIMIT_MEMLOCK (ulimit -l, LimitMEMLOCK=)");
      }
      ErrnoException.orThrow(
          result, "io_uring_setup", entries + " entries", cqEntries + " completions");
    }

    private static void checkFeatures(final int features) throws UringUnavailableException {
      final int needed =
          Uring.IORING_FEAT_SINGLE_MMAP()
              | Uring.IORING_FEAT_NODROP()
              | Uring.IORING_FEAT_EXT_ARG();
      if ((features & needed) != needed) {
        throw new UringUnavailableException(
            "the io_uring of this kernel is too old (features 0x"
                + Integer.toHexString(features)
                + "): Linux 6.0 or newer is needed");
      }
    }
  }
}
