package io.blockcam.ublk.target;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.blockcam.nativebindings.Posix;
import io.blockcam.nativebindings.uapi.Linux;
import io.blockcam.ublk.stack.KernelTable;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.regex.Pattern;

/**
 * Which file a loop device is on, by number: its name may be of another mount namespace, and
 * opening the file may take as long as whoever serves its disk likes.
 *
 * <pre>
 *   struct loop_info64 (linux/loop.h), 232 bytes:  0 lo_device   8 lo_inode   ...
 * </pre>
 */
final class LoopDevice {

  private static final Pattern NAME = Pattern.compile("loop[0-9]+");
  private static final long LOOP_GET_STATUS64 = 0x4c05;
  private static final int INFO_BYTES = 232;
  private static final int DEVICE = 0;
  private static final int INODE = 8;

  private LoopDevice() {}

  /**
   * Whether a device is a loop device on a file. Of one that this process may not open only the
   * name of its file can be known.
   *
   * @param sysfs its directory there
   * @param path of the file, as the kernel has it
   * @param device of the file, the major number in the upper 32 bits
   * @param inode of the file
   */
  static boolean isOn(
      final Posix posix, final Path sysfs, final Path path, final long device, final long inode)
      throws IOException {
    final String name = String.valueOf(sysfs.getFileName());
    if (!NAME.matcher(name).matches()) {
      return false;
    }
    final int fd = posix.open("/dev/" + name, Linux.O_RDONLY() | Linux.O_CLOEXEC(), 0);
    if (fd < 0) {
      return KernelTable.loopFile(sysfs)
          .flatMap(KernelTable::path)
          .filter(path::equals)
          .isPresent();
    }
    try (Arena arena = Arena.ofConfined()) {
      final MemorySegment info = arena.allocate(INFO_BYTES, Long.BYTES);
      return posix.ioctl(fd, LOOP_GET_STATUS64, info) >= 0 // ENXIO: on none
          && info.get(JAVA_LONG, INODE) == inode
          && info.get(JAVA_LONG, DEVICE) == encoded(device);
    } finally {
      posix.close(fd);
    }
  }

  /** As new_encode_dev (linux/kdev_t.h) does. */
  private static long encoded(final long device) {
    final long major = device >>> 32;
    final long minor = device & 0xffff_ffffL;
    return minor & 0xff | major << 8 | (minor & ~0xffL) << 12;
  }
}
