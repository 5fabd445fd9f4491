package io.blockcam.nativebindings;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.blockcam.nativebindings.uapi.Linux;
import io.blockcam.nativebindings.uapi.timespec;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.ref.Reference;

/**
 * The calls of the running kernel, through the C library.
 *
 * <p>Every handle captures errno into the segment of its instance. Pointers are passed as 64-bit
 * integers, which is the same in the calling convention of x86-64 and needs no segment per call.
 */
final class LinuxPosix implements Posix {

  private static final Linker LINKER = Linker.nativeLinker();

  private static final Linker.Option CAPTURE_ERRNO = Linker.Option.captureCallState("errno");

  private static final long ERRNO_OFFSET =
      Linker.Option.captureStateLayout().byteOffset(PathElement.groupElement("errno"));

  // syscall(2) is long syscall(long number, ...); the three io_uring calls have no other entry.
  private static final MethodHandle SYSCALL =
      variadic(
          "syscall", 1, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG,
          JAVA_LONG);

  private static final MethodHandle OPENAT =
      variadic("openat", 3, JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_INT);
  private static final MethodHandle CLOSE = function("close", JAVA_INT, JAVA_INT);
  private static final MethodHandle IOCTL =
      variadic("ioctl", 2, JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG);
  private static final MethodHandle FCNTL =
      variadic("fcntl", 2, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG);
  private static final MethodHandle READ =
      function("read", JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_LONG);
  private static final MethodHandle WRITE =
      function("write", JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_LONG);
  private static final MethodHandle PREAD =
      function("pread", JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG);
  private static final MethodHandle PWRITE =
      function("pwrite", JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG);
  private static final MethodHandle PREADV2 =
      function("preadv2", JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_INT);
  private static final MethodHandle PWRITEV2 =
      function("pwritev2", JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_INT);
  private static final MethodHandle LSEEK =
      function("lseek", JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_INT);
  private static final MethodHandle FSYNC = function("fsync", JAVA_INT, JAVA_INT);
  private static final MethodHandle FDATASYNC = function("fdatasync", JAVA_INT, JAVA_INT);
  private static final MethodHandle SYNCFS = function("syncfs", JAVA_INT, JAVA_INT);
  private static final MethodHandle FALLOCATE =
      function("fallocate", JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG);
  private static final MethodHandle FTRUNCATE =
      function("ftruncate", JAVA_INT, JAVA_INT, JAVA_LONG);
  private static final MethodHandle POSIX_FADVISE =
      function("posix_fadvise", JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT);
  private static final MethodHandle FLOCK = function("flock", JAVA_INT, JAVA_INT, JAVA_INT);
  private static final MethodHandle STATX =
      function("statx", JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_LONG);
  private static final MethodHandle RENAMEAT2 =
      function("renameat2", JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_INT);
  private static final MethodHandle UNLINKAT =
      function("unlinkat", JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_INT);
  private static final MethodHandle MMAP =
      function("mmap", JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG);
  private static final MethodHandle MUNMAP = function("munmap", JAVA_INT, JAVA_LONG, JAVA_LONG);
  private static final MethodHandle MSYNC =
      function("msync", JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT);
  private static final MethodHandle MLOCK = function("mlock", JAVA_INT, JAVA_LONG, JAVA_LONG);
  private static final MethodHandle MLOCKALL = function("mlockall", JAVA_INT, JAVA_INT);
  private static final MethodHandle MADVISE =
      function("madvise", JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT);
  private static final MethodHandle MEMFD_CREATE =
      function("memfd_create", JAVA_INT, JAVA_LONG, JAVA_INT);
  private static final MethodHandle EVENTFD = function("eventfd", JAVA_INT, JAVA_INT, JAVA_INT);
  private static final MethodHandle CLOCK_GETTIME =
      function("clock_gettime", JAVA_INT, JAVA_INT, JAVA_LONG);
  private static final MethodHandle GETTID = function("gettid", JAVA_INT);
  private static final MethodHandle SCHED_GETCPU = function("sched_getcpu", JAVA_INT);
  private static final MethodHandle SCHED_SETAFFINITY =
      function("sched_setaffinity", JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG);
  private static final MethodHandle SCHED_GETAFFINITY =
      function("sched_getaffinity", JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG);
  private static final MethodHandle PRCTL =
      variadic("prctl", 1, JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
  private static final MethodHandle GETEUID = function("geteuid", JAVA_INT);

  // The arena is the collector's: its segments cost no reference count on a downcall, and an
  // instance needs no close().
  private final MemorySegment callState;
  private final MemorySegment time;
  private final long timeAddress;

  private LinuxPosix() {
    Arena arena = Arena.ofAuto();
    callState = arena.allocate(Linker.Option.captureStateLayout());
    time = arena.allocate(timespec.layout());
    timeAddress = time.address();
  }

  static LinuxPosix create() {
    String os = System.getProperty("os.name");
    String arch = System.getProperty("os.arch");
    if (!os.equals("Linux") || !arch.equals("amd64")) {
      throw new UnsupportedOperationException(
          "the kernel bindings are those of Linux on amd64, this is " + os + " on " + arch);
    }
    return new LinuxPosix();
  }

  private static MethodHandle function(
      String name, MemoryLayout result, MemoryLayout... arguments) {
    return link(name, FunctionDescriptor.of(result, arguments), CAPTURE_ERRNO);
  }

  /** A C function that takes {@code ...} after its first {@code fixed} arguments. */
  private static MethodHandle variadic(
      String name, int fixed, ValueLayout result, MemoryLayout... arguments) {
    return link(
        name,
        FunctionDescriptor.of(result, arguments),
        CAPTURE_ERRNO,
        Linker.Option.firstVariadicArg(fixed));
  }

  private static MethodHandle link(
      String name, FunctionDescriptor descriptor, Linker.Option... options) {
    MemorySegment symbol =
        LINKER
            .defaultLookup()
            .find(name)
            .orElseThrow(
                () ->
                    new UnsatisfiedLinkError(
                        "the C library has no " + name + "(): glibc 2.30 or newer is needed"));
    return LINKER.downcallHandle(symbol, descriptor, options);
  }

  private int errno() {
    return callState.get(JAVA_INT, ERRNO_OFFSET);
  }

  private int result(int returned) {
    return returned == -1 ? -errno() : returned;
  }

  private long result(long returned) {
    return returned == -1 ? -errno() : returned;
  }

  /** A downcall throws nothing of its own, but {@code invokeExact} is declared to. */
  private static AssertionError unexpected(Throwable throwable) {
    return new AssertionError("a system call threw", throwable);
  }

  private static boolean isNotCString(String string) {
    return string.indexOf('\0') >= 0;
  }

  private int syscall(int number, long a, long b, long c, long d, long e, long f) {
    try {
      return (int) result((long) SYSCALL.invokeExact(callState, (long) number, a, b, c, d, e, f));
    } catch (Throwable throwable) {
      throw unexpected(throwable);
    }
  }

  @Override
  public int ioUringSetup(int entries, MemorySegment params) {
    try {
      return syscall(
          Linux.SYS_io_uring_setup(), entries, NativeMemory.addressOf(params), 0, 0, 0, 0);
    } finally {
      Reference.reachabilityFence(params);
    }
  }

  @Override
  public int ioUringEnter(
      int ringFd, int toSubmit, int minComplete, int flags, long argument, long argumentSize) {
    return syscall(
        Linux.SYS_io_uring_enter(), ringFd, toSubmit, minComplete, flags, argument, argumentSize);
  }

  @Override
  public int ioUringRegister(int ringFd, int opcode, long argument, int count) {
    return syscall(Linux.SYS_io_uring_register(), ringFd, opcode, argument, count, 0, 0);
  }

  @Override
  public int openat(int directoryFd, String path, int flags, int mode) {
    if (isNotCString(path)) {
      return -Linux.EINVAL();
    }
    try (Arena arena = Arena.ofConfined()) {
      return result(
          (int)
              OPENAT.invokeExact(
                  callState, directoryFd, arena.allocateFrom(path).address(), flags, mode));
    } catch (Throwable throwable) {
      throw unexpected(throwable);
    }
  }

  @Override
  public int close(int fd) {
    try {
      return result((int) CLOSE.invokeExact(callState, fd));
    } catch (Throwable throwable) {
      throw unexpected(throwable);
    }
  }

  @Override
  public int ioctl(int fd, long request, long argument) {
    try {
      return result((int) IOCTL.invokeExact(callState, fd, request, argument));
    } catch (Throwable throwable) {
      throw unexpected(throwable);
    }
  }

  @Override
  public int fcntl(int fd, int command, long argument) {
    try {
      return result((int) FCNTL.invokeExact(callState, fd, command, argument));
    } catch (Throwable throwable) {
      throw unexpected(throwable);
    }
  }

  @Override
  public long read(int fd, long address, long length) {
    try {
      return result((long) READ.invokeExact(callState, fd, address, length));
    } catch (Throwable throwable) {
      throw unexpected(throwable);
    }
  }

  @Override
  public long write(int fd, long address, long length) {
    try {
      return result((long) WRITE.invokeExact(callState, fd, address, length));
    } catch (Throwable throwable) {
      throw unexpected(throwable);
    }
  }

  @Override
  public long pread(int fd, long address, long length, long offset) {
    try {
      return result((long) PREAD.invokeExact(callState, fd, address, length, offset));
    } catch (Throwable throwable) {
      throw unexpected(throwable);
    }
  }

  @Override
  public long pwrite(int fd, long address, long length, long offset) {
    try {
      return result((long) PWRITE.invokeExact(callState, fd, address, length, offset));
    } catch (Throwable throwable) {
      throw unexpected(throwable);
    }
  }

  @Override
  public long preadv2(int fd, long vectors, int count, long offset, int flags) {
    try {
      return result((long) PREADV2.invokeExact(callState, fd, vectors, count, offset, flags));
    } catch (Throwable throwable) {
      throw unexpected(throwable);
    }
  }

  @Override
  public long pwritev2(int fd, long vectors, int count, long offset, int flags) {
    try {
      return result((long) PWRITEV2.invokeExact(callState, fd, vectors, count, offset, flags));
    } catch (Throwable throwable) {
      throw unexpected(throwable);
    }
  }

  @Override
  public long lseek(int fd, long offset, int whence) {
    try {
      return result((long) LSEEK.invokeExact(callState, fd, offset, whence));
    } catch (Throwable throwable) {
      throw unexpected(throwable);
    }
  }

  @Override
  public int fsync(int fd) {
    try {
      return result((int) FSYNC.invokeExact(callState, fd));
    } catch (Throwable throwable) {
      throw unexpected(throwable);
    }
  }

  @Override
  public int fdatasync(int fd) {
    try {
      return result((int) FDATASYNC.invokeExact(callState, fd));
    } catch (Throwable throwable) {
      throw unexpected(throwable);
    }
  }

  @Override
  public int syncfs(int fd) {
    try {
      return result((int) SYNCFS.invokeExact(callState, fd));
    } catch (Throwable throwable) {
      throw unexpected(throwable);
    }
  }

  @Override
  public int fallocate(int fd, int mode, long offset, long length) {
    try {
      return result((int) FALLOCATE.invokeExact(callState, fd, mode, offset, length));
    } catch (Throwable throwable) {
      throw unexpected(throwable);
    }
  }

  @Override
  public int ftruncate(int fd, long length) {
    try {
      return result((int) FTRUNCATE.invokeExact(callState, fd, length));
    } catch (Throwable throwable) {
      throw unexpected(throwable);
    }
  }

  @Override
  public int posixFadvise(int fd, long offset, long length, int advice) {
    try {
      // The one call of the C library that returns the error number itself.
      return -(int) POSIX_FADVISE.invokeExact(callState, fd, offset, length, advice);
    } catch (Throwable throwable) {
      throw unexpected(throwable);
    }
  }

  @Override
  public int flock(int fd, int operation) {
    try {
      return result((int) FLOCK.invokeExact(callState, fd, operation));
    } catch (Throwable throwable) {
      throw unexpected(throwable);
    }
  }

  @Override
  public int statx(int directoryFd, String path, int flags, int mask, MemorySegment result) {
    if (isNotCString(path)) {
      return -Linux.EINVAL();
    }
    long resultAddress = NativeMemory.addressOf(result);
    try (Arena arena = Arena.ofConfined()) {
      return result(
          (int)
              STATX.invokeExact(
                  callState,
                  directoryFd,
                  arena.allocateFrom(path).address(),
                  flags,
                  mask,
                  resultAddress));
    } catch (Throwable throwable) {
      throw unexpected(throwable);
    } finally {
      Reference.reachabilityFence(result);
    }
  }

  @Override
  public int renameat2(int fromDirectoryFd, String from, int toDirectoryFd, String to, int flags) {
    if (isNotCString(from) || isNotCString(to)) {
      return -Linux.EINVAL();
    }
    try (Arena arena = Arena.ofConfined()) {
      return result(
          (int)
              RENAMEAT2.invokeExact(
                  callState,
                  fromDirectoryFd,
                  arena.allocateFrom(from).address(),
                  toDirectoryFd,
                  arena.allocateFrom(to).address(),
                  flags));
    } catch (Throwable throwable) {
      throw unexpected(throwable);
    }
  }

  @Override
  public int unlinkat(int directoryFd, String path, int flags) {
    if (isNotCString(path)) {
      return -Linux.EINVAL();
    }
    try (Arena arena = Arena.ofConfined()) {
      return result(
          (int)
              UNLINKAT.invokeExact(
                  callState, directoryFd, arena.allocateFrom(path).address(), flags));
    } catch (Throwable throwable) {
      throw unexpected(throwable);
    }
  }

  @Override
  public long mmap(long address, long length, int protection, int flags, int fd, long offset) {
    try {
      return result(
          (long) MMAP.invokeExact(callState, address, length, protection, flags, fd, offset));
    } catch (Throwable throwable) {
      throw unexpected(throwable);
    }
  }

  @Override
  public int munmap(long address, long length) {
    try {
      return result((int) MUNMAP.invokeExact(callState, address, length));
    } catch (Throwable throwable) {
      throw unexpected(throwable);
    }
  }

  @Override
  public int msync(long address, long length, int flags) {
    try {
      return result((int) MSYNC.invokeExact(callState, address, length, flags));
    } catch (Throwable throwable) {
      throw unexpected(throwable);
    }
  }

  @Override
  public int mlock(long address, long length) {
    try {
      return result((int) MLOCK.invokeExact(callState, address, length));
    } catch (Throwable throwable) {
      throw unexpected(throwable);
    }
  }

  @Override
  public int mlockall(int flags) {
    try {
      return result((int) MLOCKALL.invokeExact(callState, flags));
    } catch (Throwable throwable) {
      throw unexpected(throwable);
    }
  }

  @Override
  public int madvise(long address, long length, int advice) {
    try {
      return result((int) MADVISE.invokeExact(callState, address, length, advice));
    } catch (Throwable throwable) {
      throw unexpected(throwable);
    }
  }

  @Override
  public int memfdCreate(String name, int flags) {
    if (isNotCString(name)) {
      return -Linux.EINVAL();
    }
    try (Arena arena = Arena.ofConfined()) {
      return result(
          (int) MEMFD_CREATE.invokeExact(callState, arena.allocateFrom(name).address(), flags));
    } catch (Throwable throwable) {
      throw unexpected(throwable);
    }
  }

  @Override
  public int eventfd(int initial, int flags) {
    try {
      return result((int) EVENTFD.invokeExact(callState, initial, flags));
    } catch (Throwable throwable) {
      throw unexpected(throwable);
    }
  }

  @Override
  public long clockGettime(int clock) {
    int result;
    try {
      result = result((int) CLOCK_GETTIME.invokeExact(callState, clock, timeAddress));
    } catch (Throwable throwable) {
      throw unexpected(throwable);
    }
    return result < 0 ? result : timespec.tv_sec(time) * 1_000_000_000L + timespec.tv_nsec(time);
  }

  @Override
  public int gettid() {
    try {
      return result((int) GETTID.invokeExact(callState));
    } catch (Throwable throwable) {
      throw unexpected(throwable);
    }
  }

  @Override
  public int schedGetcpu() {
    try {
      return result((int) SCHED_GETCPU.invokeExact(callState));
    } catch (Throwable throwable) {
      throw unexpected(throwable);
    }
  }

  @Override
  public int schedSetaffinity(int thread, MemorySegment mask) {
    long maskAddress = NativeMemory.addressOf(mask);
    try {
      return result(
          (int) SCHED_SETAFFINITY.invokeExact(callState, thread, mask.byteSize(), maskAddress));
    } catch (Throwable throwable) {
      throw unexpected(throwable);
    } finally {
      Reference.reachabilityFence(mask);
    }
  }

  @Override
  public int schedGetaffinity(int thread, MemorySegment mask) {
    long maskAddress = NativeMemory.addressOf(mask);
    try {
      return result(
          (int) SCHED_GETAFFINITY.invokeExact(callState, thread, mask.byteSize(), maskAddress));
    } catch (Throwable throwable) {
      throw unexpected(throwable);
    } finally {
      Reference.reachabilityFence(mask);
    }
  }

  @Override
  public int prctl(int option, long argument2, long argument3, long argument4, long argument5) {
    try {
      return result(
          (int) PRCTL.invokeExact(callState, option, argument2, argument3, argument4, argument5));
    } catch (Throwable throwable) {
      throw unexpected(throwable);
    }
  }

  @Override
  public int geteuid() {
    try {
      return result((int) GETEUID.invokeExact(callState));
    } catch (Throwable throwable) {
      throw unexpected(throwable);
    }
  }
}
