package io.blockcam.nativebindings;

import io.blockcam.nativebindings.uapi.Linux;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import java.util.List;

/**
 * Every system call the project makes, and nothing else: the seam between Java and the kernel.
 *
 * <p><b>Results.</b> A call returns a value of at least 0 when it succeeded and the negated error
 * number, {@code -errno}, when it failed, as the kernel itself does. Nothing is thrown and nothing
 * is retried: {@code -EINTR} and short counts reach the caller. Control code may turn a result into
 * an exception with {@link ErrnoException#orThrow(int, String, Object...)}.
 *
 * <p><b>Threads.</b> An instance keeps the place where the C library leaves errno, so it belongs to
 * one thread at a time. Instances are cheap: each thread that makes calls has its own.
 *
 * <p><b>Memory.</b> Addresses and lengths are in bytes. Whoever passes an address keeps the memory
 * behind it alive until the call has returned, and for io_uring until the completion of the
 * operation. The overloads that take a {@link MemorySegment} check that it is native memory and
 * keep it alive during the call. Only calls that take a path or a name as a {@code String}
 * allocate; they are for control code. The others allocate nothing once they are compiled; before
 * that the JDK makes 40 bytes of garbage per call.
 *
 * <p><b>Blocking.</b> A call may block as its manual page says; the thread counts as being in
 * native code meanwhile and holds up no safepoint. {@link Thread#interrupt()} does not wake it.
 *
 * <p>The name of each method is that of its manual page in section 2, in Java's spelling. What a
 * fake kernel or a fault-injecting test needs is in {@link ForwardingPosix}.
 */
public interface Posix {

  /**
   * The calls of the running kernel.
   *
   * @return a new instance, for one thread at a time
   * @throws UnsupportedOperationException on anything but Linux on x86-64, whose constants and
   *     struct layouts the bindings hold
   */
  static Posix linux() {
    return LinuxPosix.create();
  }

  // -------------------------------------------------------------------------------- io_uring

  /**
   * io_uring_setup(2): creates a ring.
   *
   * @param entries submission entries wanted
   * @param params a {@code struct io_uring_params}, read and filled in
   * @return the ring's file descriptor, or -errno
   */
  int ioUringSetup(int entries, MemorySegment params);

  /**
   * io_uring_enter(2): submits, and waits for completions when {@code IORING_ENTER_GETEVENTS} is
   * set. Does not allocate.
   *
   * @param ringFd the ring, or its registered index with {@code IORING_ENTER_REGISTERED_RING}
   * @param toSubmit entries to take from the submission queue
   * @param minComplete completions to wait for
   * @param flags {@code IORING_ENTER_*}
   * @param argument address of a sigset or, with {@code IORING_ENTER_EXT_ARG}, of a {@code struct
   *     io_uring_getevents_arg}; 0 for none
   * @param argumentSize size in bytes of what {@code argument} points to
   * @return entries submitted, or -errno
   */
  int ioUringEnter(
      int ringFd, int toSubmit, int minComplete, int flags, long argument, long argumentSize);

  /**
   * io_uring_register(2).
   *
   * @param ringFd the ring, or its registered index with {@code
   *     IORING_REGISTER_USE_REGISTERED_RING} in {@code opcode}
   * @param opcode {@code IORING_REGISTER_*}
   * @param argument address of what the opcode asks for, or 0
   * @param count number of elements behind {@code argument}, or what the opcode says
   * @return at least 0, or -errno
   */
  int ioUringRegister(int ringFd, int opcode, long argument, int count);

  // ------------------------------------------------------------------------ files and devices

  /**
   * open(2). Allocates.
   *
   * @param path the file
   * @param flags {@code O_*}; pass {@code O_CLOEXEC}, or child processes inherit the descriptor
   * @param mode permission bits of a file that is created, else 0
   * @return the file descriptor, or -errno
   */
  default int open(final String path, final int flags, final int mode) {
    return openat(Linux.AT_FDCWD(), path, flags, mode);
  }

  /**
   * openat(2). Allocates.
   *
   * @param directoryFd the directory a relative path starts from, or {@code AT_FDCWD}
   * @param path the file
   * @param flags {@code O_*}
   * @param mode permission bits of a file that is created, else 0
   * @return the file descriptor, or -errno
   */
  int openat(int directoryFd, String path, int flags, int mode);

  /**
   * openat(2) of a name that may be no text: the kernel's names are bytes (path_resolution(7)).
   *
   * @param directoryFd the directory a relative path starts from, or {@code AT_FDCWD}
   * @param path the file's name, ended by a zero byte
   * @param flags {@code O_*}
   * @param mode permission bits of a file that is created, else 0
   * @return the file descriptor, or -errno
   */
  int openat(int directoryFd, MemorySegment path, int flags, int mode);

  /**
   * close(2). The descriptor is gone even when an error is returned: do not call again.
   *
   * @param fd the file descriptor
   * @return 0, or -errno (an earlier write may have failed)
   */
  int close(int fd);

  /**
   * ioctl(2).
   *
   * @param fd the file descriptor
   * @param request the request number, for example {@code Linux.BLKGETSIZE64()}
   * @param argument an integer or an address, as the request says
   * @return at least 0, or -errno
   */
  int ioctl(int fd, long request, long argument);

  /**
   * ioctl(2) with an argument in memory.
   *
   * @param fd the file descriptor
   * @param request the request number
   * @param argument native memory that the request reads or fills in
   * @return at least 0, or -errno
   */
  default int ioctl(final int fd, final long request, final MemorySegment argument) {
    try {
      return ioctl(fd, request, NativeMemory.addressOf(argument));
    } finally {
      Reference.reachabilityFence(argument);
    }
  }

  /**
   * fcntl(2).
   *
   * @param fd the file descriptor
   * @param command {@code F_*}
   * @param argument an integer or an address, as the command says
   * @return at least 0, or -errno
   */
  int fcntl(int fd, int command, long argument);

  /**
   * read(2), also of an eventfd (8 bytes). Does not allocate.
   *
   * @param fd the file descriptor
   * @param address where the bytes go
   * @param length bytes wanted
   * @return bytes read, 0 at the end of the file, or -errno
   */
  long read(int fd, long address, long length);

  /** {@link #read(int, long, long)} into the whole of {@code buffer}. */
  default long read(final int fd, final MemorySegment buffer) {
    try {
      return read(fd, NativeMemory.addressOf(buffer), buffer.byteSize());
    } finally {
      Reference.reachabilityFence(buffer);
    }
  }

  /**
   * write(2), also of an eventfd (8 bytes). Does not allocate.
   *
   * @param fd the file descriptor
   * @param address where the bytes are
   * @param length bytes to write
   * @return bytes written, possibly fewer than {@code length}, or -errno
   */
  long write(int fd, long address, long length);

  /** {@link #write(int, long, long)} of the whole of {@code buffer}. */
  default long write(final int fd, final MemorySegment buffer) {
    try {
      return write(fd, NativeMemory.addressOf(buffer), buffer.byteSize());
    } finally {
      Reference.reachabilityFence(buffer);
    }
  }

  /**
   * pread(2). Does not allocate.
   *
   * @param fd the file descriptor
   * @param address where the bytes go
   * @param length bytes wanted
   * @param offset where in the file to start, in bytes
   * @return bytes read, possibly fewer than {@code length}, 0 at the end of the file, or -errno
   */
  long pread(int fd, long address, long length, long offset);

  /** {@link #pread(int, long, long, long)} into the whole of {@code buffer}. */
  default long pread(final int fd, final MemorySegment buffer, final long offset) {
    try {
      return pread(fd, NativeMemory.addressOf(buffer), buffer.byteSize(), offset);
    } finally {
      Reference.reachabilityFence(buffer);
    }
  }

  /**
   * pwrite(2). Does not allocate.
   *
   * @param fd the file descriptor
   * @param address where the bytes are
   * @param length bytes to write
   * @param offset where in the file to start, in bytes
   * @return bytes written, possibly fewer than {@code length}, or -errno
   */
  long pwrite(int fd, long address, long length, long offset);

  /** {@link #pwrite(int, long, long, long)} of the whole of {@code buffer}. */
  default long pwrite(final int fd, final MemorySegment buffer, final long offset) {
    try {
      return pwrite(fd, NativeMemory.addressOf(buffer), buffer.byteSize(), offset);
    } finally {
      Reference.reachabilityFence(buffer);
    }
  }

  /**
   * preadv2(2): pread into several pieces of memory. Does not allocate.
   *
   * @param fd the file descriptor
   * @param vectors address of an array of {@code struct iovec}
   * @param count its elements, at most 1024
   * @param offset where in the file to start, in bytes
   * @param flags {@code RWF_*}
   * @return bytes read, or -errno
   */
  long preadv2(int fd, long vectors, int count, long offset, int flags);

  /**
   * pwritev(2): pwrite from several pieces of memory. Does not allocate.
   *
   * @param fd the file descriptor
   * @param vectors address of an array of {@code struct iovec}
   * @param count its elements, at most 1024
   * @param offset where in the file to start, in bytes
   * @return bytes written, possibly fewer than asked for, or -errno
   */
  default long pwritev(final int fd, final long vectors, final int count, final long offset) {
    return pwritev2(fd, vectors, count, offset, 0);
  }

  /**
   * pwritev2(2): pwritev with flags of its own. Does not allocate.
   *
   * @param fd the file descriptor
   * @param vectors address of an array of {@code struct iovec}
   * @param count its elements, at most 1024
   * @param offset where in the file to start, in bytes
   * @param flags {@code RWF_*}, for example {@code RWF_DSYNC}
   * @return bytes written, possibly fewer than asked for, or -errno
   */
  long pwritev2(int fd, long vectors, int count, long offset, int flags);

  /**
   * lseek(2). Seeking to {@code SEEK_END} gives the size of a file and of a block device.
   *
   * @param fd the file descriptor
   * @param offset in bytes
   * @param whence {@code SEEK_*}
   * @return the resulting offset in bytes, or -errno ({@code -ENXIO}: no more data or holes)
   */
  long lseek(int fd, long offset, int whence);

  /**
   * fsync(2). Does not allocate.
   *
   * @param fd the file descriptor
   * @return 0, or -errno: after an error what was written may be lost, a second try may lie
   */
  int fsync(int fd);

  /**
   * fdatasync(2). Does not allocate.
   *
   * @param fd the file descriptor
   * @return 0, or -errno: after an error what was written may be lost, a second try may lie
   */
  int fdatasync(int fd);

  /**
   * syncfs(2): writes out the whole file system.
   *
   * @param fd any open file of it
   * @return 0, or -errno
   */
  int syncfs(int fd);

  /**
   * sync_file_range(2). With SYNC_FILE_RANGE_WRITE alone it starts the writing and tells nothing of
   * its end: an error is still the next sync's. May block while the disk's queue is full.
   *
   * @param fd file
   * @param offset first byte
   * @param length bytes; 0 means up to the end of the file
   * @param flags SYNC_FILE_RANGE_*
   * @return 0 or -errno
   */
  int syncFileRange(int fd, long offset, long length, int flags);

  /**
   * fallocate(2).
   *
   * @param fd the file descriptor
   * @param mode {@code FALLOC_FL_*}, 0 to reserve space
   * @param offset first byte
   * @param length bytes
   * @return 0, or -errno ({@code -EOPNOTSUPP}: the file system or device cannot)
   */
  int fallocate(int fd, int mode, long offset, long length);

  /**
   * ftruncate(2).
   *
   * @param fd the file descriptor
   * @param length the new size in bytes
   * @return 0, or -errno
   */
  int ftruncate(int fd, long length);

  /**
   * posix_fadvise(2).
   *
   * @param fd the file descriptor
   * @param offset first byte
   * @param length bytes, 0 for all that follow
   * @param advice {@code POSIX_FADV_*}
   * @return 0, or -errno
   */
  int posixFadvise(int fd, long offset, long length, int advice);

  /**
   * flock(2): a lock on the whole file, held by the open file description until it is closed.
   *
   * @param fd the file descriptor
   * @param operation {@code LOCK_*}
   * @return 0, or -errno ({@code -EWOULDBLOCK}: somebody else holds it and {@code LOCK_NB} is set)
   */
  int flock(int fd, int operation);

  /**
   * statx(2). Allocates.
   *
   * @param directoryFd the directory a relative path starts from, {@code AT_FDCWD}, or the file
   *     itself with an empty path and {@code AT_EMPTY_PATH}
   * @param path the file
   * @param flags {@code AT_*}
   * @param mask {@code STATX_*}: what is wanted
   * @param result a {@code struct statx} to fill in
   * @return 0, or -errno
   */
  int statx(int directoryFd, String path, int flags, int mask, MemorySegment result);

  /**
   * statx(2) of an open file. Allocates.
   *
   * @param fd the file descriptor
   * @param mask {@code STATX_*}: what is wanted
   * @param result a {@code struct statx} to fill in
   * @return 0, or -errno
   */
  default int statx(final int fd, final int mask, final MemorySegment result) {
    return statx(fd, "", Linux.AT_EMPTY_PATH(), mask, result);
  }

  /**
   * rename(2): replaces {@code to} in one step. Allocates.
   *
   * @param from the file
   * @param to its new name, on the same file system
   * @return 0, or -errno
   */
  default int rename(final String from, final String to) {
    return renameat2(Linux.AT_FDCWD(), from, Linux.AT_FDCWD(), to, 0);
  }

  /**
   * renameat2(2). Allocates.
   *
   * @param fromDirectoryFd the directory a relative {@code from} starts from, or {@code AT_FDCWD}
   * @param from the file
   * @param toDirectoryFd the directory a relative {@code to} starts from, or {@code AT_FDCWD}
   * @param to its new name, on the same file system
   * @param flags {@code RENAME_*}; {@code RENAME_NOREPLACE} refuses to replace with {@code -EEXIST}
   * @return 0, or -errno
   */
  int renameat2(int fromDirectoryFd, String from, int toDirectoryFd, String to, int flags);

  /**
   * unlinkat(2). Allocates.
   *
   * @param directoryFd the directory a relative path starts from, or {@code AT_FDCWD}
   * @param path the file
   * @param flags 0, or {@code AT_REMOVEDIR} for an empty directory
   * @return 0, or -errno
   */
  int unlinkat(int directoryFd, String path, int flags);

  /**
   * unlink(2). Allocates.
   *
   * @param path the file
   * @return 0, or -errno
   */
  default int unlink(final String path) {
    return unlinkat(Linux.AT_FDCWD(), path, 0);
  }

  // ----------------------------------------------------------------------------------- memory

  /**
   * mmap(2). {@code MemorySegment.ofAddress(result).reinterpret(length)} gives the memory; it is
   * nobody's but the caller's to unmap.
   *
   * @param address a hint or, with {@code MAP_FIXED}, the place; else 0
   * @param length bytes, rounded up to pages by the kernel
   * @param protection {@code PROT_*}
   * @param flags {@code MAP_*}
   * @param fd the file, or -1 with {@code MAP_ANONYMOUS}
   * @param offset where in the file to start, in bytes, a multiple of the page size
   * @return the address, or -errno
   */
  long mmap(long address, long length, int protection, int flags, int fd, long offset);

  /**
   * munmap(2). Afterwards any access through an old segment kills the process: unmap only what no
   * thread and no operation in flight can reach.
   *
   * @param address the mapping, a multiple of the page size
   * @param length bytes
   * @return 0, or -errno
   */
  int munmap(long address, long length);

  /**
   * msync(2).
   *
   * @param address a multiple of the page size
   * @param length bytes
   * @param flags {@code MS_*}
   * @return 0, or -errno
   */
  int msync(long address, long length, int flags);

  /**
   * mlock(2).
   *
   * @param address first byte
   * @param length bytes
   * @return 0, or -errno ({@code -ENOMEM}: RLIMIT_MEMLOCK is too small)
   */
  int mlock(long address, long length);

  /**
   * mlockall(2).
   *
   * @param flags {@code MCL_*}
   * @return 0, or -errno
   */
  int mlockall(int flags);

  /**
   * madvise(2).
   *
   * @param address a multiple of the page size
   * @param length bytes
   * @param advice {@code MADV_*}
   * @return 0, or -errno
   */
  int madvise(long address, long length, int advice);

  /**
   * memfd_create(2). Allocates.
   *
   * @param name shown in /proc, need not be unique
   * @param flags {@code MFD_*}
   * @return the file descriptor, or -errno
   */
  int memfdCreate(String name, int flags);

  // ------------------------------------------------------------------ events, time and threads

  /**
   * eventfd(2): a counter to wake a thread or a ring with.
   *
   * @param initial its first value
   * @param flags {@code EFD_*}
   * @return the file descriptor, or -errno
   */
  int eventfd(int initial, int flags);

  /**
   * gettid(2).
   *
   * @return the kernel's number of the calling thread
   */
  int gettid();

  /**
   * setpriority(2) of one thread: Linux has a nice value for each.
   *
   * @param thread what {@link #gettid()} gave, or 0 for the calling thread
   * @param nice -20 to 19; less than now only with CAP_SYS_NICE
   * @return 0, or -errno
   */
  int setpriority(int thread, int nice);

  /**
   * sched_getcpu(3). Does not allocate.
   *
   * @return the CPU the thread runs on, or -errno
   */
  int schedGetcpu();

  /**
   * sched_setaffinity(2).
   *
   * @param thread what {@link #gettid()} gave, or 0 for the calling thread
   * @param mask one bit for each CPU, CPU 0 lowest; a multiple of 8 bytes
   * @return 0, or -errno
   */
  int schedSetaffinity(int thread, MemorySegment mask);

  /**
   * sched_getaffinity(2).
   *
   * @param thread what {@link #gettid()} gave, or 0 for the calling thread
   * @param mask filled in: one bit for each CPU, CPU 0 lowest; a multiple of 8 bytes
   * @return 0, or -errno ({@code -EINVAL}: the mask has fewer bits than the kernel has CPUs)
   */
  int schedGetaffinity(int thread, MemorySegment mask);

  /**
   * prctl(2).
   *
   * @param option {@code PR_*}; most act on the calling thread only
   * @param argument2 as the option says, else 0
   * @param argument3 as the option says, else 0
   * @param argument4 as the option says, else 0
   * @param argument5 as the option says, else 0
   * @return at least 0, or -errno
   */
  int prctl(int option, long argument2, long argument3, long argument4, long argument5);

  // -------------------------------------------------------------------------------- processes

  /**
   * execve(2): this process becomes another program. Returns only when that failed. The other
   * threads of the process end without notice; what belongs to the calling thread and outlives an
   * exec (its I/O flusher state, its mount name space) becomes that of all threads. Allocates.
   *
   * @param path the program
   * @param arguments its arguments, the first of them its name
   * @param environment {@code NAME=VALUE} each
   * @return -errno
   */
  int execve(String path, List<String> arguments, List<String> environment);

  /**
   * unshare(2).
   *
   * @param flags {@code CLONE_NEW*}; {@code CLONE_NEWNS} concerns the calling thread alone
   * @return 0, or -errno
   */
  int unshare(int flags);

  /**
   * mount(2) as far as it changes how mounts propagate. Allocates.
   *
   * @param target where
   * @param flags {@code MS_*}, for example {@code MS_SLAVE | MS_REC}
   * @return 0, or -errno
   */
  int remount(String target, long flags);

  /**
   * umount2(2). Allocates.
   *
   * @param target where
   * @param flags {@code MNT_*}
   * @return 0, or -errno
   */
  int umount2(String target, int flags);

  /**
   * setrlimit(2), of this process.
   *
   * @param resource {@code RLIMIT_*}
   * @param soft the limit in effect
   * @param hard what it can be raised to
   * @return 0, or -errno
   */
  int setrlimit(int resource, long soft, long hard);

  /**
   * geteuid(2).
   *
   * @return the effective user id; 0 is root
   */
  int geteuid();
}
