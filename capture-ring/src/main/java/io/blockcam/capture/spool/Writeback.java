package io.blockcam.capture.spool;

import io.blockcam.nativebindings.Posix;
import io.blockcam.nativebindings.uapi.Linux;
import java.io.Closeable;
import java.nio.file.FileSystems;
import java.nio.file.Path;

/**
 * Has the kernel write a growing file to its disk early, so that a sync finds little left to do.
 *
 * <p>A help and no more: whether the file is on the disk only a sync tells, also what went wrong
 * before it (sync_file_range(2)).
 */
final class Writeback implements Closeable {
  private final Posix posix;
  private final long stepBytes;
  private int fd;
  private long begun;

  private Writeback(final Posix posix, final long stepBytes, final int fd) {
    this.posix = posix;
    this.stepBytes = stepBytes;
    this.fd = fd;
  }

  /**
   * Nothing of the file is written early when it can not be opened, or the kernel does not know it.
   *
   * @param stepBytes so much at once: the disk likes large writes, and a sync waits for as much
   */
  static Writeback of(final Posix posix, final Path file, final long stepBytes) {
    return new Writeback(
        posix,
        stepBytes,
        file.getFileSystem().equals(FileSystems.getDefault())
            ? posix.open(file.toString(), Linux.O_WRONLY() | Linux.O_CLOEXEC(), 0)
            : -1);
  }

  /** The file has so many bytes by now. */
  void grown(final long bytes) {
    if (bytes - begun >= stepBytes) {
      begin(bytes);
    }
  }

  /** The same, and it is about to be synced. */
  void begin(final long bytes) {
    if (fd >= 0 && bytes > begun) {
      posix.syncFileRange(fd, begun, bytes - begun, Linux.SYNC_FILE_RANGE_WRITE());
      begun = bytes;
    }
  }

  @Override
  public void close() {
    if (fd >= 0) {
      posix.close(fd);
      fd = -1;
    }
  }
}
