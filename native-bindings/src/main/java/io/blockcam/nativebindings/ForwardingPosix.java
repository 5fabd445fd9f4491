package io.blockcam.nativebindings;

import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * Passes every call on to another {@link Posix}: the base of fake kernels and of fault injection.
 *
 * <p>A subclass overrides the calls it wants to watch, fail or answer itself. The calls that are
 * written in terms of others ({@code open}, {@code rename}, {@code unlink}, {@code pwritev}, the
 * overloads for segments) reach the override too.
 */
public abstract class ForwardingPosix implements Posix {
  private final Posix delegate;

  /**
   * Makes {@code delegate} the kernel behind every call that is not overridden.
   *
   * @param delegate used on the same thread as this instance
   */
  protected ForwardingPosix(Posix delegate) {
    this.delegate = delegate;
  }

  @Override
  public int ioUringSetup(int entries, MemorySegment params) {
    return delegate.ioUringSetup(entries, params);
  }

  @Override
  public int ioUringEnter(
      int ringFd, int toSubmit, int minComplete, int flags, long argument, long argumentSize) {
    return delegate.ioUringEnter(ringFd, toSubmit, minComplete, flags, argument, argumentSize);
  }

  @Override
  public int ioUringRegister(int ringFd, int opcode, long argument, int count) {
    return delegate.ioUringRegister(ringFd, opcode, argument, count);
  }

  @Override
  public int openat(int directoryFd, String path, int flags, int mode) {
    return delegate.openat(directoryFd, path, flags, mode);
  }

  @Override
  public int close(int fd) {
    return delegate.close(fd);
  }

  @Override
  public int ioctl(int fd, long request, long argument) {
    return delegate.ioctl(fd, request, argument);
  }

  @Override
  public int fcntl(int fd, int command, long argument) {
    return delegate.fcntl(fd, command, argument);
  }

  @Override
  public long read(int fd, long address, long length) {
    return delegate.read(fd, address, length);
  }

  @Override
  public long write(int fd, long address, long length) {
    return delegate.write(fd, address, length);
  }

  @Override
  public long pread(int fd, long address, long length, long offset) {
    return delegate.pread(fd, address, length, offset);
  }

  @Override
  public long pwrite(int fd, long address, long length, long offset) {
    return delegate.pwrite(fd, address, length, offset);
  }

  @Override
  public long preadv2(int fd, long vectors, int count, long offset, int flags) {
    return delegate.preadv2(fd, vectors, count, offset, flags);
  }

  @Override
  public long pwritev2(int fd, long vectors, int count, long offset, int flags) {
    return delegate.pwritev2(fd, vectors, count, offset, flags);
  }

  @Override
  public long lseek(int fd, long offset, int whence) {
    return delegate.lseek(fd, offset, whence);
  }

  @Override
  public int fsync(int fd) {
    return delegate.fsync(fd);
  }

  @Override
  public int fdatasync(int fd) {
    return delegate.fdatasync(fd);
  }

  @Override
  public int syncfs(int fd) {
    return delegate.syncfs(fd);
  }

  @Override
  public int fallocate(int fd, int mode, long offset, long length) {
    return delegate.fallocate(fd, mode, offset, length);
  }

  @Override
  public int ftruncate(int fd, long length) {
    return delegate.ftruncate(fd, length);
  }

  @Override
  public int posixFadvise(int fd, long offset, long length, int advice) {
    return delegate.posixFadvise(fd, offset, length, advice);
  }

  @Override
  public int flock(int fd, int operation) {
    return delegate.flock(fd, operation);
  }

  @Override
  public int statx(int directoryFd, String path, int flags, int mask, MemorySegment result) {
    return delegate.statx(directoryFd, path, flags, mask, result);
  }

  @Override
  public int renameat2(int fromDirectoryFd, String from, int toDirectoryFd, String to, int flags) {
    return delegate.renameat2(fromDirectoryFd, from, toDirectoryFd, to, flags);
  }

  @Override
  public int unlinkat(int directoryFd, String path, int flags) {
    return delegate.unlinkat(directoryFd, path, flags);
  }

  @Override
  public long mmap(long address, long length, int protection, int flags, int fd, long offset) {
    return delegate.mmap(address, length, protection, flags, fd, offset);
  }

  @Override
  public int munmap(long address, long length) {
    return delegate.munmap(address, length);
  }

  @Override
  public int msync(long address, long length, int flags) {
    return delegate.msync(address, length, flags);
  }

  @Override
  public int mlock(long address, long length) {
    return delegate.mlock(address, length);
  }

  @Override
  public int mlockall(int flags) {
    return delegate.mlockall(flags);
  }

  @Override
  public int madvise(long address, long length, int advice) {
    return delegate.madvise(address, length, advice);
  }

  @Override
  public int memfdCreate(String name, int flags) {
    return delegate.memfdCreate(name, flags);
  }

  @Override
  public int eventfd(int initial, int flags) {
    return delegate.eventfd(initial, flags);
  }

  @Override
  public long clockGettime(int clock) {
    return delegate.clockGettime(clock);
  }

  @Override
  public int gettid() {
    return delegate.gettid();
  }

  @Override
  public int schedGetcpu() {
    return delegate.schedGetcpu();
  }

  @Override
  public int schedSetaffinity(int thread, MemorySegment mask) {
    return delegate.schedSetaffinity(thread, mask);
  }

  @Override
  public int schedGetaffinity(int thread, MemorySegment mask) {
    return delegate.schedGetaffinity(thread, mask);
  }

  @Override
  public int prctl(int option, long argument2, long argument3, long argument4, long argument5) {
    return delegate.prctl(option, argument2, argument3, argument4, argument5);
  }

  @Override
  public int geteuid() {
    return delegate.geteuid();
  }

  @Override
  public int execve(String path, List<String> arguments, List<String> environment) {
    return delegate.execve(path, arguments, environment);
  }

  @Override
  public int unshare(int flags) {
    return delegate.unshare(flags);
  }

  @Override
  public int remount(String target, long flags) {
    return delegate.remount(target, flags);
  }

  @Override
  public int umount2(String target, int flags) {
    return delegate.umount2(target, flags);
  }

  @Override
  public int setrlimit(int resource, long soft, long hard) {
    return delegate.setrlimit(resource, soft, hard);
  }
}
