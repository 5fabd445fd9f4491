package io.blockcam.ublk.target;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import io.blockcam.nativebindings.Posix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * The locks by which QEMU keeps others from an image file (block/file-posix.c, RAW_LOCK_PERM_BASE):
 * read locks on single bytes, of the open file description. A lock on byte 100 + p says that its
 * holder does p with the file, one on byte 200 + p that it lets nobody else do p; p is 1 for to
 * write, 3 for to resize (BLK_PERM_*, block-common.h).
 *
 * <pre>
 *   struct flock (fcntl.h):  0 l_type   2 l_whence   8 l_start   16 l_len   24 l_pid
 * </pre>
 */
final class ImageLocks {

  private static final int DOES = 100;
  private static final int LETS_NOBODY = 200;
  private static final int WRITE = 1;
  private static final int RESIZE = 3;

  /** What we do, and let nobody else do. */
  private static final int[] BYTES = {
    DOES + WRITE, LETS_NOBODY + WRITE, DOES + RESIZE, LETS_NOBODY + RESIZE
  };

  // asm-generic/fcntl.h
  private static final int F_OFD_GETLK = 36;
  private static final int F_OFD_SETLK = 37;
  private static final short F_RDLCK = 0;
  private static final short F_WRLCK = 1;
  private static final short F_UNLCK = 2;

  private static final int FLOCK_BYTES = 32;
  private static final int TYPE = 0;
  private static final int START = 8;
  private static final int LENGTH = 16;

  private ImageLocks() {}

  /**
   * Takes them, if nobody has one that forbids it. They go with the open file description.
   *
   * @return false when somebody has; a file system without such locks has nobody's
   */
  static boolean take(final Posix posix, final int fd) {
    try (Arena arena = Arena.ofConfined()) {
      final MemorySegment lock = arena.allocate(FLOCK_BYTES, Long.BYTES);
      for (final int at : BYTES) {
        set(lock, F_WRLCK, at);
        if (posix.fcntl(fd, F_OFD_GETLK, lock.address()) >= 0
            && lock.get(JAVA_SHORT, TYPE) != F_UNLCK) {
          return false;
        }
      }
      for (final int at : BYTES) {
        set(lock, F_RDLCK, at);
        posix.fcntl(fd, F_OFD_SETLK, lock.address());
      }
      return true;
    }
  }

  private static void set(final MemorySegment lock, final short type, final int at) {
    lock.fill((byte) 0);
    lock.set(JAVA_SHORT, TYPE, type);
    lock.set(JAVA_LONG, START, at);
    lock.set(JAVA_LONG, LENGTH, 1);
  }
}
