package io.blockcam.nativebindings;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.blockcam.nativebindings.uapi.Linux;
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

  // The arena is the collector's: its segments cost no reference count on a downcall, and an
  // instance needs no close().
  private final MemorySegment callState;
  private final MemorySegment cpu;

  private LinuxPosix() {
    final Arena arena = Arena.ofAuto();
    callState = arena.allocate(Linker.Option.captureStateLayout());
    cpu = arena.allocate(JAVA_INT);
  }

  static LinuxPosix create() {
    final String os = System.getProperty("os.name");
    final String arch = System.getProperty("os.arch");
    if (!os.equals("Linux") || !arch.equals("amd64")) {
      throw new UnsupportedOperationException(
          "the kernel bindings are those of Linux on amd64, this is " + os + " on " + arch);
    }
    return new LinuxPosix();
  }

  private static MethodHandle link(
      final String name, final FunctionDescriptor descriptor, final Linker.Option... options) {
    final Linker linker = Linker.nativeLinker();
    final MemorySegment symbol =
        linker
            .defaultLookup()
            .find(name)
            .orElseThrow(() -> new UnsatisfiedLinkError("the C library has no " + name + "()"));
    return linker.downcallHandle(symbol, descriptor, options);
  }

  /** One call of the kernel; its result or -errno. */
  // checkstyle: ParameterNumber (a system call has six arguments)
  private long syscall(
      final int number,
      final long a,
      final long b,
      final long c,
      final long d,
      final long e,
      final long f) {
    final long result;
    try {
      result = (long) SYSCALL.invokeExact(callState, (long) number, a, b, c, d, e, f);
    } catch (final Throwable throwable) {
      throw unexpected(throwable);
    }
    return result == -1 ? -errno() : result;
  }

  private int errno() {
    return callState.get(JAVA_INT, ERRNO_OFFSET);
  }

  /** A downcall throws nothing of its own, but {@code invokeExact} is declared to. */
  private static AssertionError unexpected(final Throwable throwable) {
    return new AssertionError("a system call threw", throwable);
  }

  /** Whether the kernel would take a part of the string for the whole. */
  private static boolean isNotCString(final String string) {
    return string.indexOf('\0') >= 0;
  }

  @Override
  public int ioUringSetup(final int entries, final MemorySegment params) {
    try {
      return (int)
          syscall(Linux.SYS_io_uring_setup(), entries, NativeMemory.addressOf(params), 0, 0, 0, 0);
    } finally {
      Reference.reachabilityFence(params);
    }
  }

  @Override
  public int ioUringEnter(
      final int ringFd,
      final int toSubmit,
      final int minComplete,
      final int flags,
      final long argument,
      final long argumentSize) {
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
  public int ioUringRegister(
      final int ringFd, final int opcode, final long argument, final int count) {
    return (int) syscall(Linux.SYS_io_uring_register(), ringFd, opcode, argument, count, 0, 0);
  }

  @Override
  public int openat(final int directoryFd, final String path, final int flags, final int mode) {
    if (isNotCString(path)) {
      return -Linux.EINVAL();
    }
    try (Arena arena = Arena.ofConfined()) {
      return openat(directoryFd, arena.allocateFrom(path), flags, mode);
    }
  }

  @Override
  public int openat(
      final int directoryFd, final MemorySegment path, final int flags, final int mode) {
    return (int) syscall(Linux.SYS_openat(), directoryFd, path.address(), flags, mode, 0, 0);
  }

  @Override
  public int close(final int fd) {
    return (int) syscall(Linux.SYS_close(), fd, 0, 0, 0, 0, 0);
  }

  @Override
  public int ioctl(final int fd, final long request, final long argument) {
    return (int) syscall(Linux.SYS_ioctl(), fd, request, argument, 0, 0, 0);
  }

  @Override
  public int fcntl(final int fd, final int command, final long argument) {
    return (int) syscall(Linux.SYS_fcntl(), fd, command, argument, 0, 0, 0);
  }

  @Override
  public long read(final int fd, final long address, final long length) {
    return syscall(Linux.SYS_read(), fd, address, length, 0, 0, 0);
  }

  @Override
  public long write(final int fd, final long address, final long length) {
    return syscall(Linux.SYS_write(), fd, address, length, 0, 0, 0);
  }

  @Override
  public long pread(final int fd, final long address, final long length, final long offset) {
    return syscall(Linux.SYS_pread64(), fd, address, length, offset, 0, 0);
  }

  @Override
  public long pwrite(final int fd, final long address, final long length, final long offset) {
    return syscall(Linux.SYS_pwrite64(), fd, address, length, offset, 0, 0);
  }

  @Override
  public long preadv2(
      final int fd, final long vectors, final int count, final long offset, final int flags) {
    // The offset comes in two halves, of which a 64-bit kernel ignores the upper one.
    return syscall(Linux.SYS_preadv2(), fd, vectors, count, offset, 0, flags);
  }

  @Override
  public long pwritev2(
      final int fd, final long vectors, final int count, final long offset, final int flags) {
    // The offset comes in two halves, of which a 64-bit kernel ignores the upper one.
    return syscall(Linux.SYS_pwritev2(), fd, vectors, count, offset, 0, flags);
  }

  @Override
  public long lseek(final int fd, final long offset, final int whence) {
    return syscall(Linux.SYS_lseek(), fd, offset, whence, 0, 0, 0);
  }

  @Override
  public int fsync(final int fd) {
    return (int) syscall(Linux.SYS_fsync(), fd, 0, 0, 0, 0, 0);
  }

  @Override
  public int fdatasync(final int fd) {
    return (int) syscall(Linux.SYS_fdatasync(), fd, 0, 0, 0, 0, 0);
  }

  @Override
  public int syncfs(final int fd) {
    return (int) syscall(Linux.SYS_syncfs(), fd, 0, 0, 0, 0, 0);
  }

  @Override
  public int syncFileRange(final int fd, final long offset, final long length, final int flags) {
    return (int) syscall(Linux.SYS_sync_file_range(), fd, offset, length, flags, 0, 0);
  }

  @Override
  public int fallocate(final int fd, final int mode, final long offset, final long length) {
    return (int) syscall(Linux.SYS_fallocate(), fd, mode, offset, length, 0, 0);
  }

  @Override
  public int ftruncate(final int fd, final long length) {
    return (int) syscall(Linux.SYS_ftruncate(), fd, length, 0, 0, 0, 0);
  }

  @Override
  public int posixFadvise(final int fd, final long offset, final long length, final int advice) {
    return (int) syscall(Linux.SYS_fadvise64(), fd, offset, length, advice, 0, 0);
  }

  @Override
  public int flock(final int fd, final int operation) {
    return (int) syscall(Linux.SYS_flock(), fd, operation, 0, 0, 0, 0);
  }

  @Override
  public int statx(
      final int directoryFd,
      final String path,
      final int flags,
      final int mask,
      final MemorySegment result) {
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
  public int renameat2(
      final int fromDirectoryFd,
      final String from,
      final int toDirectoryFd,
      final String to,
      final int flags) {
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
  public int unlinkat(final int directoryFd, final String path, final int flags) {
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
  public long mmap(
      final long address,
      final long length,
      final int protection,
      final int flags,
      final int fd,
      final long offset) {
    return syscall(Linux.SYS_mmap(), address, length, protection, flags, fd, offset);
  }

  @Override
  public int munmap(final long address, final long length) {
    return (int) syscall(Linux.SYS_munmap(), address, length, 0, 0, 0, 0);
  }

  @Override
  public int msync(final long address, final long length, final int flags) {
    return (int) syscall(Linux.SYS_msync(), address, length, flags, 0, 0, 0);
  }

  @Override
  public int mlock(final long address, final long length) {
    return (int) syscall(Linux.SYS_mlock(), address, length, 0, 0, 0, 0);
  }

  @Override
  public int mlockall(final int flags) {
    return (int) syscall(Linux.SYS_mlockall(), flags, 0, 0, 0, 0, 0);
  }

  @Override
  public int madvise(final long address, final long length, final int advice) {
    return (int) syscall(Linux.SYS_madvise(), address, length, advice, 0, 0, 0);
  }

  @Override
  public int memfdCreate(final String name, final int flags) {
    if (isNotCString(name)) {
      return -Linux.EINVAL();
    }
    try (Arena arena = Arena.ofConfined()) {
      return (int)
          syscall(Linux.SYS_memfd_create(), arena.allocateFrom(name).address(), flags, 0, 0, 0, 0);
    }
  }

  @Override
  public int eventfd(final int initial, final int flags) {
    return (int) syscall(Linux.SYS_eventfd2(), initial, flags, 0, 0, 0, 0);
  }

  @Override
  public int gettid() {
    return (int) syscall(Linux.SYS_gettid(), 0, 0, 0, 0, 0, 0);
  }

  @Override
  public int setpriority(final int thread, final int nice) {
    return (int) syscall(Linux.SYS_setpriority(), Linux.PRIO_PROCESS(), thread, nice, 0, 0, 0);
  }

  @Override
  public int schedGetcpu() {
    final int result = (int) syscall(Linux.SYS_getcpu(), cpu.address(), 0, 0, 0, 0, 0);
    return result < 0 ? result : cpu.get(JAVA_INT, 0);
  }

  @Override
  public int schedSetaffinity(final int thread, final MemorySegment mask) {
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
  public int schedGetaffinity(final int thread, final MemorySegment mask) {
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
  public int prctl(
      final int option,
      final long argument2,
      final long argument3,
      final long argument4,
      final long argument5) {
    return (int) syscall(Linux.SYS_prctl(), option, argument2, argument3, argument4, argument5, 0);
  }

  @Override
  public int geteuid() {
    return (int) syscall(Linux.SYS_geteuid(), 0, 0, 0, 0, 0, 0);
  }

  @Override
  public int execve(
      final String path, final List<String> arguments, final List<String> environment) {
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
  private static long pointers(final Arena arena, final List<String> strings) {
    final MemorySegment array = arena.allocate(JAVA_LONG, strings.size() + 1L);
    for (int i = 0; i < strings.size(); i++) {
      array.setAtIndex(JAVA_LONG, i, arena.allocateFrom(strings.get(i)).address());
    }
    return array.address();
  }

  @Override
  public int unshare(final int flags) {
    return (int) syscall(Linux.SYS_unshare(), flags, 0, 0, 0, 0, 0);
  }

  @Override
  public int remount(final String target, final long flags) {
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
  public int umount2(final String target, final int flags) {
    if (isNotCString(target)) {
      return -Linux.EINVAL();
    }
    try (Arena arena = Arena.ofConfined()) {
      return (int)
          syscall(Linux.SYS_umount2(), arena.allocateFrom(target).address(), flags, 0, 0, 0, 0);
    }
  }

  @Override
  public int setrlimit(final int resource, final long soft, final long hard) {
    try (Arena arena = Arena.ofConfined()) {
      // struct rlimit64: rlim_cur, rlim_max
      final MemorySegment limit = arena.allocateFrom(JAVA_LONG, soft, hard);
      return (int) syscall(Linux.SYS_prlimit64(), 0, resource, limit.address(), 0, 0, 0);
    }
  }
}
