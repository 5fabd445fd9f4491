package io.blockcam.ublk.target;

import io.blockcam.nativebindings.Errno;
import io.blockcam.nativebindings.ErrnoException;
import io.blockcam.nativebindings.Posix;
import io.blockcam.nativebindings.uapi.Linux;
import io.blockcam.nativebindings.uapi.statx;
import io.blockcam.nativebindings.uapi.statx_timestamp;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A disk that stands on a file or on a block device.
 *
 * <p>All I/O goes through the queue's own ring. Where the file system takes direct I/O at 512 bytes
 * it is used: buffered writes of a block server would be throttled by the very writeback they
 * serve, and cached twice.
 *
 * <p>DISCARD and WRITE_ZEROES both punch: the range reads back as zeroes, so that disk and record
 * agree. Where the file system cannot, zeroes are written.
 */
public final class FileTarget implements Target {

  private static final Logger LOG = LoggerFactory.getLogger(FileTarget.class);

  private static final int PHYSICAL_BLOCK_BYTES = 4096;
  private static final int FILE_MODE = 0600;

  /** How long {@link #sync} waits. */
  public static final Duration SYNC_LIMIT = Duration.ofSeconds(15);

  private final Posix posix;
  private final String path;
  private final int fd;
  private final int syncFd;
  private final boolean direct;
  private boolean discardable;
  private boolean synced;
  private final Geometry geometry;

  /**
   * How the file is open.
   *
   * @param fd for all I/O
   * @param syncFd once more: an error of write-back is told once to each description (errseq.h),
   *     and what a queue is told of must not be kept from {@link #syncData}
   * @param direct whether the page cache is bypassed
   */
  private record Opened(int fd, int syncFd, boolean direct) {}

  private FileTarget(
      final Posix posix,
      final String path,
      final Opened opened,
      final boolean created,
      final Geometry geometry) {
    this.posix = posix;
    this.path = path;
    this.fd = opened.fd();
    this.syncFd = opened.syncFd();
    this.direct = opened.direct();
    this.discardable = created;
    this.geometry = geometry;
  }

  /**
   * Opens the backing store for this process alone.
   *
   * @param posix becomes this object's
   * @param path a regular file or a block device
   * @param createBytes size of the file to make if there is none, a multiple of 512; 0 to make none
   * @throws BackingException when it is missing, of a wrong size, or in use; nothing was changed
   */
  public static FileTarget open(final Posix posix, final String path, final long createBytes)
      throws IOException {
    final int flags = Linux.O_RDWR() | Linux.O_CLOEXEC();
    int fd = posix.open(path, flags, 0);
    boolean created = false;
    if (fd == -Linux.ENOENT()) {
      if (createBytes == 0) {
        throw new BackingException(
            BackingException.Kind.USAGE,
            "backing store " + path + " does not exist; give --size to create it");
      }
      fd = posix.open(path, flags | Linux.O_CREAT() | Linux.O_EXCL(), FILE_MODE);
      created = fd >= 0;
    }
    if (fd < 0) {
      throw new BackingException(
          BackingException.Kind.ENVIRONMENT,
          "cannot open backing store " + path + ": " + Errno.describe(-fd));
    }
    fd = created ? fd : claimBlockDevice(posix, path, fd, flags);
    boolean opened = false;
    try {
      final FileTarget target = open(posix, path, fd, created, createBytes);
      opened = true;
      return target;
    } finally {
      if (!opened) {
        posix.close(fd);
        if (created) {
          posix.unlink(path);
        }
      }
    }
  }

  /**
   * Opens a block device once more, with O_EXCL, which the kernel refuses while a file system is
   * mounted from it or another driver has claimed it (open(2)).
   *
   * @param fd is closed if another one is returned, or on failure
   * @return {@code fd} itself for everything else
   */
  private static int claimBlockDevice(
      final Posix posix, final String path, final int fd, final int flags) throws BackingException {
    final int claimed;
    try (Arena arena = Arena.ofConfined()) {
      final MemorySegment st = statx.allocate(arena);
      final boolean blockDevice =
          posix.statx(fd, Linux.STATX_TYPE(), st) >= 0
              && (statx.stx_mode(st) & 0xffff & Linux.S_IFMT()) == Linux.S_IFBLK();
      if (!blockDevice) {
        return fd;
      }
      claimed = posix.open(path, flags | Linux.O_EXCL(), 0);
      posix.close(fd);
    }
    if (claimed < 0) {
      throw new BackingException(
          BackingException.Kind.ENVIRONMENT,
          claimed == -Linux.EBUSY()
              ? "backing store "
                  + path
                  + " is in use: it is mounted, or part of another device; unmount it first"
              : "cannot open backing store " + path + ": " + Errno.describe(-claimed));
    }
    return claimed;
  }

  private static FileTarget open(
      final Posix posix,
      final String path,
      final int fd,
      final boolean created,
      final long createBytes)
      throws IOException {
    // Two servers on one disk would destroy it and both records. The lock goes with the descriptor.
    if (posix.flock(fd, Linux.LOCK_EX() | Linux.LOCK_NB()) < 0) {
      throw new BackingException(
          BackingException.Kind.ENVIRONMENT,
          "backing store " + path + " is in use by another process (it holds a lock on it)");
    }
    if (created) {
      ErrnoException.orThrow(posix.ftruncate(fd, createBytes), "ftruncate", path, createBytes);
    }
    try (Arena arena = Arena.ofConfined()) {
      final MemorySegment st = statx.allocate(arena);
      ErrnoException.orThrow(
          posix.statx(
              fd,
              Linux.STATX_TYPE() | Linux.STATX_MODE() | Linux.STATX_SIZE() | Linux.STATX_DIOALIGN(),
              st),
          "statx",
          path);
      final int type = statx.stx_mode(st) & 0xffff & Linux.S_IFMT();
      final boolean blockDevice = type == Linux.S_IFBLK();
      if (!blockDevice && type != Linux.S_IFREG()) {
        throw new BackingException(
            BackingException.Kind.USAGE,
            "backing store " + path + " is neither a regular file nor a block device");
      }
      final long bytes =
          blockDevice ? blockDeviceBytes(posix, path, fd, arena) : statx.stx_size(st);
      if (bytes <= 0 || bytes % Geometry.SECTOR_BYTES != 0) {
        throw new BackingException(
            BackingException.Kind.USAGE,
            "backing store " + path + " has " + bytes + " bytes: not a positive multiple of 512");
      }
      if (!created && createBytes != 0 && createBytes != bytes) {
        throw new BackingException(
            BackingException.Kind.USAGE,
            "backing store "
                + path
                + " has "
                + bytes
                + " bytes, but --size says "
                + createBytes
                + "; leave --size out for an existing disk");
      }
      final boolean direct = tryDirect(posix, fd, st);
      if (!direct) {
        LOG.info("{} does not take direct I/O at 512 bytes: using the page cache", path);
      }
      final int syncFd =
          ErrnoException.orThrow(
              posix.open("/proc/self/fd/" + fd, Linux.O_RDWR() | Linux.O_CLOEXEC(), 0),
              "open",
              path,
              "once more");
      return new FileTarget(
          posix,
          path,
          new Opened(fd, syncFd, direct),
          created,
          new Geometry(bytes, Geometry.SECTOR_BYTES, PHYSICAL_BLOCK_BYTES, true, true, false));
    }
  }

  private static long blockDeviceBytes(
      final Posix posix, final String path, final int fd, final Arena arena) throws IOException {
    final MemorySegment size = arena.allocate(ValueLayout.JAVA_LONG);
    ErrnoException.orThrow(
        posix.ioctl(fd, Linux.BLKGETSIZE64(), size), "ioctl", path, "BLKGETSIZE64");
    return size.get(ValueLayout.JAVA_LONG, 0);
  }

  /** Switches the descriptor to O_DIRECT if every 512-byte request will then be taken. */
  private static boolean tryDirect(final Posix posix, final int fd, final MemorySegment st) {
    final boolean alignmentKnown = (statx.stx_mask(st) & Linux.STATX_DIOALIGN()) != 0;
    if (alignmentKnown) {
      final int offsetAlign = statx.stx_dio_offset_align(st);
      if (offsetAlign == 0 || offsetAlign > Geometry.SECTOR_BYTES) {
        return false;
      }
    }
    final int flags = posix.fcntl(fd, Linux.F_GETFL(), 0);
    if (flags < 0 || posix.fcntl(fd, Linux.F_SETFL(), flags | Linux.O_DIRECT()) < 0) {
      return false;
    }
    if (alignmentKnown) {
      return true;
    }
    // File systems that do not tell their alignment (tmpfs) are asked by a read of one sector.
    try (Arena arena = Arena.ofConfined()) {
      final MemorySegment sector = arena.allocate(Geometry.SECTOR_BYTES, PHYSICAL_BLOCK_BYTES);
      if (posix.pread(fd, sector, 0) == Geometry.SECTOR_BYTES) {
        return true;
      }
    }
    posix.fcntl(fd, Linux.F_SETFL(), flags);
    return false;
  }

  /**
   * Whether every byte is known to be zero: a file that is one hole (lseek(2): ENXIO where no data
   * is left). False for block devices, which do not tell.
   */
  public boolean isKnownEmpty() {
    return posix.lseek(fd, 0, Linux.SEEK_DATA()) == -Linux.ENXIO();
  }

  /**
   * The device is live: from now on the file is somebody's disk, whatever fails later on, and
   * {@link #discardIfCreated} leaves it.
   */
  public void keep() {
    discardable = false;
  }

  /**
   * Removes the file again if {@link #open} has made it and nobody could use it yet: for a start
   * that failed later on.
   */
  public void discardIfCreated() {
    if (discardable) {
      discardable = false;
      posix.unlink(path);
    }
  }

  /** Whether {@link #open} has made the file, and nobody could use it yet. */
  public boolean isNew() {
    return discardable;
  }

  /** Which file it is, and when it was last changed. */
  public FileIdentity identity() throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      final MemorySegment st = statx.allocate(arena);
      ErrnoException.orThrow(
          posix.statx(fd, Linux.STATX_TYPE() | Linux.STATX_INO() | Linux.STATX_CTIME(), st),
          "statx",
          path);
      final MemorySegment changed = statx.stx_ctime(st);
      return new FileIdentity(
          (statx.stx_mode(st) & 0xffff & Linux.S_IFMT()) == Linux.S_IFBLK(),
          Integer.toUnsignedLong(statx.stx_dev_major(st)) << 32
              | Integer.toUnsignedLong(statx.stx_dev_minor(st)),
          statx.stx_ino(st),
          statx_timestamp.tv_sec(changed) * 1_000_000_000L
              + Integer.toUnsignedLong(statx_timestamp.tv_nsec(changed)));
    }
  }

  /**
   * Reads a piece of the disk past the queues. Any thread.
   *
   * @param data where to put it; aligned to 512 bytes, as long as a multiple of it
   * @param offset where it begins, a multiple of 512
   */
  public synchronized void read(final MemorySegment data, final long offset) throws IOException {
    for (long done = 0; done < data.byteSize(); ) {
      final long n =
          ErrnoException.orThrow(
              posix.pread(fd, data.asSlice(done), offset + done), "pread", path, offset + done);
      if (n == 0) {
        throw new BackingException(
            BackingException.Kind.ENVIRONMENT,
            "backing store " + path + " ends before byte " + (offset + data.byteSize()));
      }
      done += n;
    }
  }

  /**
   * Everything written and its metadata survive a power cut when this returns. Nothing may be
   * written any more. On a thread of its own, since fsync(2) has no limit: a network file system
   * may never answer.
   *
   * @throws BackingException when it takes longer than {@link #SYNC_LIMIT}
   */
  public void sync() throws IOException {
    final AtomicInteger result = new AtomicInteger(1);
    final Thread syncing =
        Thread.ofPlatform().name("sync-backing").daemon(true).start(() -> result.set(fsync()));
    boolean interrupted = false;
    final long deadlineNs = System.nanoTime() + SYNC_LIMIT.toNanos();
    while (result.get() > 0 && System.nanoTime() - deadlineNs < 0) {
      try {
        syncing.join(Duration.ofNanos(Math.max(1, deadlineNs - System.nanoTime())));
      } catch (final InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    synced = true; // or given up: it is not tried again
    if (result.get() > 0) {
      throw new BackingException(
          BackingException.Kind.ENVIRONMENT,
          "backing store %s was not synced within %d s: what was written last may be lost in a power cut"
              .formatted(path, SYNC_LIMIT.toSeconds()));
    }
    ErrnoException.orThrow(result.get(), "fsync", path);
  }

  private synchronized int fsync() {
    return posix.fsync(fd);
  }

  /**
   * What was written before survives a power cut when this returns; may take as long as it likes.
   * Any thread.
   *
   * @throws IOException also when something that was written since the last call is known to be
   *     lost, though a queue was told that first
   */
  public synchronized void syncData() throws IOException {
    ErrnoException.orThrow(posix.fdatasync(syncFd), "fdatasync", path);
  }

  /** Whether the page cache is bypassed. */
  public boolean isDirect() {
    return direct;
  }

  @Override
  public Geometry geometry() {
    return geometry;
  }

  @Override
  public int[] files() {
    return new int[] {fd};
  }

  @Override
  public TargetQueue openQueue(final QueueContext context) {
    return new FileTargetQueue(context);
  }

  @Override
  public String describe() {
    return path;
  }

  @Override
  public void close() throws IOException {
    try {
      if (!synced) {
        // What the guest did not flush is not promised to it, but a clean stop leaves nothing
        // behind.
        sync();
      }
    } finally {
      posix.close(syncFd);
      posix.close(fd);
    }
  }
}
