package io.blockcam.ublk;

import io.blockcam.nativebindings.Errno;
import io.blockcam.nativebindings.Posix;
import io.blockcam.nativebindings.uapi.Linux;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The file systems that are mounted from a device. */
final class MountedFileSystems {
  private static final Logger LOG = LoggerFactory.getLogger(MountedFileSystems.class);

  /** Fields of a line of /proc/self/mounts (proc(5)): device, mount point. */
  private static final int DEVICE = 0;

  private static final int MOUNT_POINT = 1;

  private MountedFileSystems() {}

  /**
   * Writes back what they have cached, as far as the time allows: on a thread of its own, since
   * syncfs(2) has no limit.
   *
   * @param posix the thread's
   */
  static void sync(final Posix posix, final String device, final Duration limit) {
    final Thread syncing =
        Thread.ofPlatform().name("sync-mounts").daemon(true).start(() -> sync(posix, device));
    try {
      if (!syncing.join(limit)) {
        LOG.warn("what is mounted from {} was not synced within {} s", device, limit.toSeconds());
      }
    } catch (final InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void sync(final Posix posix, final String device) {
    try {
      for (final String line : Files.readAllLines(Path.of("/proc/self/mounts"))) {
        final String[] fields = line.split(" ", -1);
        if (fields[DEVICE].equals(device)) {
          sync(posix, device, unescaped(fields[MOUNT_POINT]));
        }
      }
    } catch (final IOException e) {
      LOG.warn("what is mounted from {} can not be found: {}", device, e.toString());
    }
  }

  private static void sync(final Posix posix, final String device, final String mountPoint) {
    final int fd =
        posix.open(mountPoint, Linux.O_RDONLY() | Linux.O_DIRECTORY() | Linux.O_CLOEXEC(), 0);
    final int result = fd < 0 ? fd : posix.syncfs(fd);
    if (result < 0) {
      LOG.warn(
          "{}, mounted from {}, was not synced: {}", mountPoint, device, Errno.describe(-result));
    }
    if (fd >= 0) {
      posix.close(fd);
    }
  }

  /** Blanks and the like stand as octal numbers (getmntent(3)). */
  static String unescaped(final String field) {
    return field
        .replace("\\040", " ")
        .replace("\\011", "\t")
        .replace("\\012", "\n")
        .replace("\\134", "\\");
  }
}
