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
  protected ForwardingPosix(final Posix delegate) {
    this.delegate = delegate;
  }

  @Override
  public int ioUringSetup(final int entries, final MemorySegment params) {
    return delegate.ioUringSetup(entries, params);
  }

  @Override
  public int ioUringEnter(
      final int ringFd,
      final int toSubmit,
      final int minComplete,
      final int flags,
      final long argument,
      final long argumentSize) {
    return delegate.ioUringEnter(ringFd, toSubmit, minComplete, flags, argument, argumentSize);
  }

  @Override
  public int ioUringRegister(
      final int ringFd, final int opcode, final long argument, final int count) {
    return delegate.ioUringRegister(ringFd, opcode, argument, count);
  }

  @Override
  public int openat(final int directoryFd, final String path, final int flags, final int mode) {
    return delegate.openat(directoryFd, path, flags, mode);
  }

  @Override
  public int openat(
      final int directoryFd, final MemorySegment path, final int flags, final int mode) {
    return delegate.openat(directoryFd, path, flags, mode);
  }

  @Override
  public int close(final int fd) {
    return delegate.close(fd);
  }

  @Override
  public int ioctl(final int fd, final long request, final long argument) {
    return delegate.ioctl(fd, request, argument);
  }

  @Override
  public int fcntl(final int fd, final int command, final long argument) {
    return delegate.fcntl(fd, command, argument);
  }

  @Override
  public long read(final int fd, final long address, final long length) {
    return delegate.read(fd, address, length);
  }

  @Override
  public long write(final int fd, final long address, final long length) {
    return delegate.write(fd, address, length);
  }

  @Override
  public long pread(final int fd, final long address, final long length, final long offset) {
    return delegate.pread(fd, address, length, offset);
  }

  @Override
  public long pwrite(final int fd, final long address, final long length, final long offset) {
    return delegate.pwrite(fd, address, length, offset);
  }

  @Override
  public long preadv2(
      final int fd, final long vectors, final int count, final long offset, final int flags) {
    return delegate.preadv2(fd, vectors, count, offset, flags);
  }

  @Override
  public long pwritev2(
      final int fd, final long vectors, final int count, final long offset, final int flags) {
    return delegate.pwritev2(fd, vectors, count, offset, flags);
  }

  @Override
  public long lseek(final int fd, final long offset, final int whence) {
    return delegate.lseek(fd, offset, whence);
  }

  @Override
  public int fsync(final int fd) {
    return delegate.fsync(fd);
  }

  @Override
  public int fdatasync(final int fd) {
    return delegate.fdatasync(fd);
  }

  @Override
  public int syncfs(final int fd) {
    return delegate.syncfs(fd);
  }

  @Override
  public int syncFileRange(final int fd, final long offset, final long length, final int flags) {
    return delegate.syncFileRange(fd, offset, length, flags);
  }

  @Override
  public int fallocate(final int fd, final int mode, final long offset, final long length) {
    return delegate.fallocate(fd, mode, offset, length);
  }

  @Override
  public int ftruncate(final int fd, final long length) {
    return delegate.ftruncate(fd, length);
  }

  @Override
  public int posixFadvise(final int fd, final long offset, final long length, final int advice) {
    return delegate.posixFadvise(fd, offset, length, advice);
  }

  @Override
  public int flock(final int fd, final int operation) {
    return delegate.flock(fd, operation);
  }

  @Override
  public int statx(
      final int directoryFd,
      final String path,
      final int flags,
      final int mask,
      final MemorySegment result) {
    return delegate.statx(directoryFd, path, flags, mask, result);
  }

  @Override
  public int renameat2(
      final int fromDirectoryFd,
      final String from,
      final int toDirectoryFd,
      final String to,
      final int flags) {
    return delegate.renameat2(fromDirectoryFd, from, toDirectoryFd, to, flags);
  }

  @Override
  public int unlinkat(final int directoryFd, final String path, final int flags) {
    return delegate.unlinkat(directoryFd, path, flags);
  }

  @Override
  public long mmap(
      final long address,
      final long length,
      final int protection,
      final int flags,
      final int fd,
      final long offset) {
    return delegate.mmap(address, length, protection, flags, fd, offset);
  }

  @Override
  public int munmap(final long address, final long length) {
    return delegate.munmap(address, length);
  }

  @Override
  public int msync(final long address, final long length, final int flags) {
    return delegate.msync(address, length, flags);
  }

  @Override
  public int mlock(final long address, final long length) {
    return delegate.mlock(address, length);
  }

  @Override
  public int mlockall(final int flags) {
    return delegate.mlockall(flags);
  }

  @Override
  public int madvise(final long address, final long length, final int advice) {
    return delegate.madvise(address, length, advice);
  }

  @Override
  public int memfdCreate(final String name, final int flags) {
    return delegate.memfdCreate(name, flags);
  }

  @Override
  public int eventfd(final int initial, final int flags) {
    return delegate.eventfd(initial, flags);
  }

  @Override
  public int gettid() {
    return delegate.gettid();
  }

  @Override
  public int setpriority(final int thread, final int nice) {
    return delegate.setpriority(thread, nice);
  }

  @Override
  public int schedGetcpu() {
    return delegate.schedGetcpu();
  }

  @Override
  public int schedSetaffinity(final int thread, final MemorySegment mask) {
    return delegate.schedSetaffinity(thread, mask);
  }

  @Override
  public int schedGetaffinity(final int thread, final MemorySegment mask) {
    return delegate.schedGetaffinity(thread, mask);
  }

  @Override
  public int prctl(
      final int option,
      final long argument2,
      final long argument3,
      final long argument4,
      final long argument5) {
    return delegate.prctl(option, argument2, argument3, argument4, argument5);
  }

  @Override
  public int geteuid() {
    return delegate.geteuid();
  }

  @Override
  public int execve(
      final String path, final List<String> arguments, final List<String> environment) {
    return delegate.execve(path, arguments, environment);
  }

  @Override
  public int unshare(final int flags) {
    return delegate.unshare(flags);
  }

  @Override
  public int remount(final String target, final long flags) {
    return delegate.remount(target, flags);
  }

  @Override
  public int umount2(final String target, final int flags) {
    return delegate.umount2(target, flags);
  }

  @Override
  public int setrlimit(final int resource, final long soft, final long hard) {
    return delegate.setrlimit(resource, soft, hard);
  }
}
