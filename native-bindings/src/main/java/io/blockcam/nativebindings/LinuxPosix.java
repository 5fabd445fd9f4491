package io.blockcam.nativebindings;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.blockcam.nativebindings.uapi.Linux;
import io.blockcam.nativebindings.uapi.timespec;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.ref.Reference;
import java.util.List;

/**
 * The calls of the running kernel.
 *
 * <p>All but one go through the C library's syscall(2): io_uring has no other entry, and one handle
 * for all of them is linked once (each further one would cost milliseconds at the start) and does
 * not depend on what an older C library wraps. The exception is clock_gettime(2), which the C
 * library answers without entering the kernel.
 *
 * <p>Both handles capture errno into the segment of their instance. Every argument is a 64-bit
 * integer, pointers too: so does the kernel see them on x86-64, and no segment is made per call.
 */
final class LinuxPosix implements Posix {

  private static final Linker.Option CAPTURE_ERRNO = Linker.Option.captureCallState("errno");

  private static final long ERRNO_OFFSET =
      Linker.Option.captureStateLayout().byteOffset(PathElement.groupElement("errno"));

  // long syscall(long number, ...)
  private static final MethodHandle SYSCALL =
      link(
          "syscall",
          FunctionDescriptor.of(
              JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG,
              JAVA_LONG),
          CAPTURE_ERRNO,
          Linker.Option.firstVariadicArg(1));

  // int clock_gettime(clockid_t clock, struct timespec *time)
  private static final MethodHandle CLOCK_GETTIME =
      link("clock_gettime", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG), CAPTURE_ERRNO);

  // The arena is the collector's: its segments cost no reference count on a downcall, and an
  // instance needs no close().
  private final MemorySegment callState;
  private final MemorySegment time;
  private final MemorySegment cpu;

  private LinuxPosix() {
    Arena arena = Arena.ofAuto();
    callState = arena.allocate(Linker.Option.captureStateLayout());
    time = arena.allocate(timespec.layout());
    cpu = arena.allocate(JAVA_INT);
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

  private static MethodHandle link(
      String name, FunctionDescriptor descriptor, Linker.Option... options) {
    Linker linker = Linker.nativeLinker();
    MemorySegment symbol =
        linker
            .defaultLookup()
            .find(name)
            .orElseThrow(() -> new UnsatisfiedLinkError("the C library has no " + name + "()"));
    return linker.downcallHandle(symbol, descriptor, options);
  }

  /** One call of the kernel; its result or -errno. */
  private long syscall(int number, long a, long b, long c, long d, long e, long f) {
    long result;
    try {
      result = (long) SYSCALL.invokeExact(callState, (long) number, a, b, c, d, e, f);
    } catch (Throwable throwable) {
      throw unexpected(throwable);
    }
    return result == -1 ? -errno() : result;
  }

  private int errno() {
    return callState.get(JAVA_INT, ERRNO_OFFSET);
  }

  /** A downcall throws nothing of its own, but {@code invokeExact} is declared to. */
  private static AssertionError unexpected(Throwable throwable) {
    return new AssertionError("a system call threw", throwable);
  }

  /** Whether the kernel would take a part of the string for the whole. */
  private static boolean isNotCString(String string) {
    return string.indexOf('\0') >= 0;
  }

  @Override
  public int ioUringSetup(int entries, MemorySegment params) {
    try {
      return (int)
          syscall(Linux.SYS_io_uring_setup(), entries, NativeMemory.addressOf(params), 0, 0, 0, 0);
    } finally {
      Reference.reachabilityFence(params);
    }
  }

  @Override
  public int ioUringEnter(
      int ringFd, int toSubmit, int minComplete, int flags, long argument, long argumentSize) {
    return (int)
        syscall(
            Linux.SYS_io_uring_enter(),
            ringFd,
            toSubmit,
            minComplete,
            flags,
            argument,
            argumentSize);
  }

  @Override
  public int ioUringRegister(int ringFd, int opcode, long argument, int count) {
    return (int) syscall(Linux.SYS_io_uring_register(), ringFd, opcode, argument, count, 0, 0);
  }

  @Override
  public int openat(int directoryFd, String path, int flags, int mode) {
    if (isNotCString(path)) {
      return -Linux.EINVAL();
    }
    try (Arena arena = Arena.ofConfined()) {
      return (int)
          syscall(
              Linux.SYS_openat(),
              directoryFd,
              arena.allocateFrom(path).address(),
              flags,
              mode,
              0,
              0);
    }
  }

  @Override
  public int close(int fd) {
    return (int) syscall(Linux.SYS_close(), fd, 0, 0, 0, 0, 0);
  }

  @Override
  public int ioctl(int fd, long request, long argument) {
    return (int) syscall(Linux.SYS_ioctl(), fd, request, argument, 0, 0, 0);
  }

  @Override
  public int fcntl(int fd, int command, long argument) {
    return (int) syscall(Linux.SYS_fcntl(), fd, command, argument, 0, 0, 0);
  }

  @Override
  public long read(int fd, long address, long length) {
    return syscall(Linux.SYS_read(), fd, address, length, 0, 0, 0);
  }

  @Override
  public long write(int fd, long address, long length) {
    return syscall(Linux.SYS_write(), fd, address, length, 0, 0, 0);
  }

  @Override
  public long pread(int fd, long address, long length, long offset) {
    return syscall(Linux.SYS_pread64(), fd, address, length, offset, 0, 0);
  }

  @Override
  public long pwrite(int fd, long address, long length, long offset) {
    return syscall(Linux.SYS_pwrite64(), fd, address, length, offset, 0, 0);
  }

  @Override
  public long preadv2(int fd, long vectors, int count, long offset, int flags) {
    // The offset comes in two halves, of which a 64-bit kernel ignores the upper one.
    return syscall(Linux.SYS_preadv2(), fd, vectors, count, offset, 0, flags);
  }

  @Override
  public long pwritev2(int fd, long vectors, int count, long offset, int flags) {
    // The offset comes in two halves, of which a 64-bit kernel ignores the upper one.
    return syscall(Linux.SYS_pwritev2(), fd, vectors, count, offset, 0, flags);
  }

  @Override
  public long lseek(int fd, long offset, int whence) {
    return syscall(Linux.SYS_lseek(), fd, offset, whence, 0, 0, 0);
  }

  @Override
  public int fsync(int fd) {
    return (int) syscall(Linux.SYS_fsync(), fd, 0, 0, 0, 0, 0);
  }

  @Override
  public int fdatasync(int fd) {
    return (int) syscall(Linux.SYS_fdatasync(), fd, 0, 0, 0, 0, 0);
  }

  @Override
  public int syncfs(int fd) {
    return (int) syscall(Linux.SYS_syncfs(), fd, 0, 0, 0, 0, 0);
  }

  @Override
  public int fallocate(int fd, int mode, long offset, long length) {
    return (int) syscall(Linux.SYS_fallocate(), fd, mode, offset, length, 0, 0);
  }

  @Override
  public int ftruncate(int fd, long length) {
    return (int) syscall(Linux.SYS_ftruncate(), fd, length, 0, 0, 0, 0);
  }

  @Override
  public int posixFadvise(int fd, long offset, long length, int advice) {
    return (int) syscall(Linux.SYS_fadvise64(), fd, offset, length, advice, 0, 0);
  }

  @Override
  public int flock(int fd, int operation) {
    return (int) syscall(Linux.SYS_flock(), fd, operation, 0, 0, 0, 0);
  }

  @Override
  public int statx(int directoryFd, String path, int flags, int mask, MemorySegment result) {
    if (isNotCString(path)) {
      return -Linux.EINVAL();
    }
    try (Arena arena = Arena.ofConfined()) {
      return (int)
          syscall(
              Linux.SYS_statx(),
              directoryFd,
              arena.allocateFrom(path).address(),
              flags,
              mask,
              NativeMemory.addressOf(result),
              0);
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
      return (int)
          syscall(
              Linux.SYS_renameat2(),
              fromDirectoryFd,
              arena.allocateFrom(from).address(),
              toDirectoryFd,
              arena.allocateFrom(to).address(),
              flags,
              0);
    }
  }

  @Override
  public int unlinkat(int directoryFd, String path, int flags) {
    if (isNotCString(path)) {
      return -Linux.EINVAL();
    }
    try (Arena arena = Arena.ofConfined()) {
      return (int)
          syscall(
              Linux.SYS_unlinkat(),
              directoryFd,
              arena.allocateFrom(path).address(),
              flags,
              0,
              0,
              0);
    }
  }

  @Override
  public long mmap(long address, long length, int protection, int flags, int fd, long offset) {
    return syscall(Linux.SYS_mmap(), address, length, protection, flags, fd, offset);
  }

  @Override
  public int munmap(long address, long length) {
    return (int) syscall(Linux.SYS_munmap(), address, length, 0, 0, 0, 0);
  }

  @Override
  public int msync(long address, long length, int flags) {
    return (int) syscall(Linux.SYS_msync(), address, length, flags, 0, 0, 0);
  }

  @Override
  public int mlock(long address, long length) {
    return (int) syscall(Linux.SYS_mlock(), address, length, 0, 0, 0, 0);
  }

  @Override
  public int mlockall(int flags) {
    return (int) syscall(Linux.SYS_mlockall(), flags, 0, 0, 0, 0, 0);
  }

  @Override
  public int madvise(long address, long length, int advice) {
    return (int) syscall(Linux.SYS_madvise(), address, length, advice, 0, 0, 0);
  }

  @Override
  public int memfdCreate(String name, int flags) {
    if (isNotCString(name)) {
      return -Linux.EINVAL();
    }
    try (Arena arena = Arena.ofConfined()) {
      return (int)
          syscall(Linux.SYS_memfd_create(), arena.allocateFrom(name).address(), flags, 0, 0, 0, 0);
    }
  }

  @Override
  public int eventfd(int initial, int flags) {
    return (int) syscall(Linux.SYS_eventfd2(), initial, flags, 0, 0, 0, 0);
  }

  @Override
  public long clockGettime(int clock) {
    int result;
    try {
      result = (int) CLOCK_GETTIME.invokeExact(callState, clock, time.address());
    } catch (Throwable throwable) {
      throw unexpected(throwable);
    }
    if (result == -1) {
      return -errno();
    }
    return timespec.tv_sec(time) * 1_000_000_000L + timespec.tv_nsec(time);
  }

  @Override
  public int gettid() {
    return (int) syscall(Linux.SYS_gettid(), 0, 0, 0, 0, 0, 0);
  }

  @Override
  public int schedGetcpu() {
    int result = (int) syscall(Linux.SYS_getcpu(), cpu.address(), 0, 0, 0, 0, 0);
    return result < 0 ? result : cpu.get(JAVA_INT, 0);
  }

  @Override
  public int schedSetaffinity(int thread, MemorySegment mask) {
    try {
      return (int)
          syscall(
              Linux.SYS_sched_setaffinity(),
              thread,
              mask.byteSize(),
              NativeMemory.addressOf(mask),
              0,
              0,
              0);
    } finally {
      Reference.reachabilityFence(mask);
    }
  }

  @Override
  public int schedGetaffinity(int thread, MemorySegment mask) {
    try {
      mask.fill((byte) 0); // the kernel fills in only as much as it knows, and says how much
      return (int)
          Math.min(
              0,
              syscall(
                  Linux.SYS_sched_getaffinity(),
                  thread,
                  mask.byteSize(),
                  NativeMemory.addressOf(mask),
                  0,
                  0,
                  0));
    } finally {
      Reference.reachabilityFence(mask);
    }
  }

  @Override
  public int prctl(int option, long argument2, long argument3, long argument4, long argument5) {
    return (int) syscall(Linux.SYS_prctl(), option, argument2, argument3, argument4, argument5, 0);
  }

  @Override
  public int geteuid() {
    return (int) syscall(Linux.SYS_geteuid(), 0, 0, 0, 0, 0, 0);
  }

  @Override
  public int execve(String path, List<String> arguments, List<String> environment) {
    if (isNotCString(path)
        || arguments.stream().anyMatch(LinuxPosix::isNotCString)
        || environment.stream().anyMatch(LinuxPosix::isNotCString)) {
      return -Linux.EINVAL();
    }
    try (Arena arena = Arena.ofConfined()) {
      return (int)
          syscall(
              Linux.SYS_execve(),
              arena.allocateFrom(path).address(),
              pointers(arena, arguments),
              pointers(arena, environment),
              0,
              0,
              0);
    }
  }

  /** The address of an array of C strings with a null pointer at its end. */
  private static long pointers(Arena arena, List<String> strings) {
    MemorySegment array = arena.allocate(JAVA_LONG, strings.size() + 1L);
    for (int i = 0; i < strings.size(); i++) {
      array.setAtIndex(JAVA_LONG, i, arena.allocateFrom(strings.get(i)).address());
    }
    return array.address();
  }

  @Override
  public int unshare(int flags) {
    return (int) syscall(Linux.SYS_unshare(), flags, 0, 0, 0, 0, 0);
  }

  @Override
  public int remount(String target, long flags) {
    if (isNotCString(target)) {
      return -Linux.EINVAL();
    }
    try (Arena arena = Arena.ofConfined()) {
      // Source, type and data are not looked at when only the propagation changes.
      return (int)
          syscall(Linux.SYS_mount(), 0, arena.allocateFrom(target).address(), 0, flags, 0, 0);
    }
  }

  @Override
  public int umount2(String target, int flags) {
    if (isNotCString(target)) {
      return -Linux.EINVAL();
    }
    try (Arena arena = Arena.ofConfined()) {
      return (int)
          syscall(Linux.SYS_umount2(), arena.allocateFrom(target).address(), flags, 0, 0, 0, 0);
    }
  }

  @Override
  public int setrlimit(int resource, long soft, long hard) {
    try (Arena arena = Arena.ofConfined()) {
      // struct rlimit64: rlim_cur, rlim_max
      MemorySegment limit = arena.allocateFrom(JAVA_LONG, soft, hard);
      return (int) syscall(Linux.SYS_prlimit64(), 0, resource, limit.address(), 0, 0, 0);
    }
  }
}
