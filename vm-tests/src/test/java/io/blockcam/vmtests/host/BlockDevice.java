package io.blockcam.vmtests.host;

import io.blockcam.nativebindings.Posix;
import io.blockcam.nativebindings.uapi.Linux;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;

/**
 * A block device or file opened with O_DIRECT: one request to the kernel per call, in the order of
 * the calls, nothing cached. For one thread.
 */
public final class BlockDevice implements AutoCloseable {

  private static final int LARGEST_BYTES = 1 << 20;
  private static final int PAGE_BYTES = 4096;

  private final Posix posix = Posix.linux();
  private final Arena arena = Arena.ofShared();
  private final MemorySegment buffer = arena.allocate(LARGEST_BYTES, PAGE_BYTES);
  private final Path path;
  private final int fd;

  public BlockDevice(final Path path) {
    this.path = path;
    this.fd =
        (int)
            checked(
                posix.open(
                    path.toString(), Linux.O_RDWR() | Linux.O_DIRECT() | Linux.O_CLOEXEC(), 0),
                "open");
  }

  /** Writes whole sectors. */
  public void write(final long offset, final byte[] data) {
    fill(data);
    expect(data.length, posix.pwrite(fd, buffer.address(), data.length, offset), "pwrite");
  }

  /** Writes whole sectors with FUA: they are durable when this returns. */
  public void writeDurably(final long offset, final byte[] data) {
    fill(data);
    final MemorySegment iovec = arena.allocate(ValueLayout.JAVA_LONG, 2);
    iovec.setAtIndex(ValueLayout.JAVA_LONG, 0, buffer.address());
    iovec.setAtIndex(ValueLayout.JAVA_LONG, 1, data.length);
    expect(
        data.length, posix.pwritev2(fd, iovec.address(), 1, offset, Linux.RWF_DSYNC()), "pwritev2");
  }

  /** Reads whole sectors. */
  public byte[] read(final long offset, final int length) {
    expect(length, posix.pread(fd, buffer.address(), length, offset), "pread");
    return buffer.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE);
  }

  /** FLUSH. */
  public void flush() {
    checked(posix.fsync(fd), "fsync");
  }

  /** DISCARD of whole sectors. */
  public void discard(final long offset, final long length) {
    range(Linux.BLKDISCARD(), "BLKDISCARD", offset, length);
  }

  /** WRITE_ZEROES of whole sectors. */
  public void zeroOut(final long offset, final long length) {
    range(Linux.BLKZEROOUT(), "BLKZEROOUT", offset, length);
  }

  private void range(final long request, final String name, final long offset, final long length) {
    final MemorySegment range = arena.allocate(ValueLayout.JAVA_LONG, 2);
    range.setAtIndex(ValueLayout.JAVA_LONG, 0, offset);
    range.setAtIndex(ValueLayout.JAVA_LONG, 1, length);
    checked(posix.ioctl(fd, request, range), name);
  }

  private void fill(final byte[] data) {
    MemorySegment.copy(data, 0, buffer, ValueLayout.JAVA_BYTE, 0, data.length);
  }

  private void expect(final long wanted, final long result, final String call) {
    if (checked(result, call) != wanted) {
      throw new UncheckedIOException(
          new IOException(call + " " + path + ": " + result + " of " + wanted + " bytes"));
    }
  }

  private long checked(final long result, final String call) {
    if (result < 0) {
      throw new UncheckedIOException(
          new IOException(call + " " + path + " failed with errno " + -result));
    }
    return result;
  }

  @Override
  public void close() {
    posix.close(fd);
    arena.close();
  }
}
