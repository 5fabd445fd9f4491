package io.blockcam.ublk.target;

import io.blockcam.nativebindings.ErrnoException;
import io.blockcam.nativebindings.Posix;
import io.blockcam.nativebindings.uapi.Linux;
import io.blockcam.nativebindings.uapi.statx;
import io.blockcam.nativebindings.uapi.statx_timestamp;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

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

  static final int PHYSICAL_BLOCK_BYTES = 4096;

  /** How long {@link #sync} waits. */
  public static final Duration SYNC_LIMIT = Duration.ofSeconds(15);

  private final Posix posix;
  private final String path;
  private final BackingFile.Opened file;
  private final int fd;
  private boolean discardable;
  private boolean synced;
  private final Geometry geometry;

  /**
   * Of each queue, what it syncs: an error of write-back is told once to each open file description
   * (errseq.h), so that none can take it away from another.
   */
  private final List<Integer> queueSyncFds = new ArrayList<>();

  /** How often a sync of any queue has failed. */
  private final AtomicInteger syncFailures = new AtomicInteger();

  private FileTarget(final Posix posix, final String path, final BackingFile.Opened file) {
    this.posix = posix;
    this.path = path;
    this.file = file;
    this.fd = file.fd();
    this.discardable = file.created();
    this.geometry =
        new Geometry(
            file.bytes(),
            Geometry.SECTOR_BYTES,
            PHYSICAL_BLOCK_BYTES,
            file.punches() ? Zeroing.PUNCHED : Zeroing.WRITTEN,
            /* hasVolatileCache= */ true,
            /* readOnly= */ false);
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
    return open(posix, path, createBytes, Duration.ZERO);
  }

  /**
   * The same for one that another server is about to let go of.
   *
   * @param patience how long to wait for that
   */
  public static FileTarget open(
      final Posix posix, final String path, final long createBytes, final Duration patience)
      throws IOException {
    return new FileTarget(posix, path, BackingFile.open(posix, path, createBytes, patience));
  }

  /**
   * Asks how large a backing store is. Opens nothing but a regular file or a block device, and
   * changes nothing.
   *
   * @throws BackingException when it is missing, or neither
   */
  public static long bytesOf(final Posix posix, final String path) throws IOException {
    return BackingFile.bytesOf(posix, path);
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

  /** Which file it is, and when it was last changed. Any thread. */
  public synchronized FileIdentity identity() throws IOException {
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
   * Reads a piece of the disk past the queues, and past the page cache: what that could not write
   * back it keeps, clean, as if it had. Any thread.
   *
   * @param data where to put it; aligned to 512 bytes, as long as a multiple of it
   * @param offset where it begins, a multiple of 512
   */
  public synchronized void read(final MemorySegment data, final long offset) throws IOException {
    if (!file.direct()) {
      // Dirty pages are written, clean ones dropped (posix_fadvise(2)).
      posix.posixFadvise(fd, offset, data.byteSize(), Linux.POSIX_FADV_DONTNEED());
    }
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
    ErrnoException.orThrow(posix.fdatasync(file.syncFd()), "fdatasync", path);
  }

  /** Whether the page cache is bypassed. */
  public boolean isDirect() {
    return file.direct();
  }

  @Override
  public Geometry geometry() {
    return geometry;
  }

  @Override
  public synchronized int[] files(final int queueId) throws IOException {
    while (queueSyncFds.size() <= queueId) {
      queueSyncFds.add(BackingFile.reopen(posix, path, fd));
    }
    return new int[] {fd, queueSyncFds.get(queueId)};
  }

  @Override
  public TargetQueue openQueue(final QueueContext context) {
    return new FileTargetQueue(context, file.direct(), file.punches(), syncFailures);
  }

  @Override
  public String describe() {
    return path;
  }

  /**
   * Another server goes on with it: {@link #close} does not sync, which may take as long as the
   * disk likes while its users wait.
   */
  public void leave() {
    synced = true;
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
      queueSyncFds.forEach(posix::close);
      file.close(posix);
    }
  }
}
