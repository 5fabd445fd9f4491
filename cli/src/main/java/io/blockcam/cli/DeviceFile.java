package io.blockcam.cli;

import io.blockcam.nativebindings.Errno;
import io.blockcam.nativebindings.Posix;
import io.blockcam.nativebindings.uapi.Linux;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** A block device that nobody else uses, from its first byte on. One thread. */
final class DeviceFile implements AutoCloseable {
  private static final int TYPE_MASK = 0170000; // S_IFMT of inode(7)
  private static final int BLOCK_DEVICE = 0060000; // S_IFBLK

  private final int claim;
  private final FileChannel channel;

  private DeviceFile(final int claim, final FileChannel channel) {
    this.claim = claim;
    this.channel = channel;
  }

  /**
   * Claims a device: nobody can mount it, or claim it in the same way, until it is closed.
   *
   * @throws CommandException when it is none, in use, or too small
   */
  static DeviceFile claim(final Path path, final long bytes) throws IOException {
    if (!Files.exists(path)
        || ((int) Files.getAttribute(path, "unix:mode") & TYPE_MASK) != BLOCK_DEVICE) {
      throw CommandException.usage(
          "--device %s is no block device; --to makes an image".formatted(path));
    }
    // open(2): on a block device O_EXCL without O_CREAT fails with EBUSY if the system uses it.
    final int fd =
        Posix.linux()
            .open(
                path.toString(),
                Linux.O_RDWR() | Linux.O_EXCL() | Linux.O_CLOEXEC(),
                /* mode= */ 0);
    if (fd < 0) {
      throw CommandException.environment(
          fd == -Linux.EBUSY()
              ? "%s is in use: mounted, swap, or part of another device".formatted(path)
              : "%s: %s".formatted(path, Errno.describe(-fd)));
    }
    try {
      final FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE);
      final DeviceFile device = new DeviceFile(fd, channel);
      final long size = channel.size();
      if (size < bytes) {
        device.close();
        throw CommandException.usage(
            "--device %s has %d bytes, the disk has %d".formatted(path, size, bytes));
      }
      return device;
    } catch (final IOException e) {
      Posix.linux().close(fd);
      throw e;
    }
  }

  /** Writes from the first byte on. */
  OutputStream stream() {
    return Channels.newOutputStream(channel);
  }

  /** Makes durable what was written. */
  void force() throws IOException {
    channel.force(true);
  }

  @Override
  public void close() throws IOException {
    try {
      channel.close();
    } finally {
      Posix.linux().close(claim);
    }
  }
}
