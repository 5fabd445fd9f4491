package io.blockcam.ublk.target;

import io.blockcam.nativebindings.Errno;
import io.blockcam.nativebindings.ErrnoException;
import io.blockcam.nativebindings.Posix;
import io.blockcam.nativebindings.uapi.Linux;
import io.blockcam.nativebindings.uapi.statx;
import io.blockcam.ublk.stack.KernelTable;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Opens a backing store for this process alone, under whatever name, and finds out what it can do.
 * Control thread.
 */
final class BackingFile {

  private static final Logger LOG = LoggerFactory.getLogger(BackingFile.class);

  private static final int OPEN_FLAGS = Linux.O_RDWR() | Linux.O_CLOEXEC();
  private static final int FILE_MODE = 0600;
  private static final int PUNCH_HOLE = Linux.FALLOC_FL_PUNCH_HOLE() | Linux.FALLOC_FL_KEEP_SIZE();
  private static final int STAT_MASK =
      Linux.STATX_TYPE()
          | Linux.STATX_MODE()
          | Linux.STATX_SIZE()
          | Linux.STATX_INO()
          | Linux.STATX_DIOALIGN();

  private static final Path BLOCK_DEVICES = Path.of("/sys/dev/block");
  private static final Path BLOCK_CLASS = Path.of("/sys/block");

  /**
   * udev looks at a block device with a shared lock after every change: so long it is waited for.
   */
  private static final Duration UDEV_LIMIT = Duration.ofSeconds(5);

  private static final int PAUSE_MS = 20;
  private static final long TELL_NS = 1_000_000_000L;

  private final Posix posix;
  private final String path;
  private final Duration patience;

  /** Descriptors that hold a lock of ours and nothing else. */
  private final List<Integer> claims = new ArrayList<>();

  /**
   * An open backing store.
   *
   * @param fd for all I/O
   * @param syncFd once more: an error of write-back is told once to each description (errseq.h),
   *     and what a queue is told of must not be kept from {@link FileTarget#syncData}
   * @param claims of the file below, if it is a loop device
   * @param created whether the file is new
   * @param bytes its size
   * @param direct whether the page cache is bypassed
   * @param punches whether it can give room back
   */
  record Opened(
      int fd,
      int syncFd,
      List<Integer> claims,
      boolean created,
      long bytes,
      boolean direct,
      boolean punches) {

    void close(final Posix posix) {
      claims.forEach(posix::close);
      posix.close(syncFd);
      posix.close(fd);
    }
  }

  /** A file, as statx(2) tells. */
  private record Stat(
      int type,
      long bytes,
      long device,
      long inode,
      String blockDevice,
      boolean alignmentKnown,
      int alignment) {

    boolean isBlockDevice() {
      return type == Linux.S_IFBLK();
    }

    boolean isSameFile(final Stat other) {
      return device == other.device && inode == other.inode;
    }
  }

  private BackingFile(final Posix posix, final String path, final Duration patience) {
    this.posix = posix;
    this.path = path;
    this.patience = patience;
  }

  /**
   * Opens it, or leaves everything as it was.
   *
   * @param createBytes size of the file to make if there is none; 0 to make none
   * @param patience how long to wait for one that is in use: as long as its server is ending
   * @throws BackingException when it is missing, of a wrong size, in use, or of no use
   */
  static Opened open(
      final Posix posix, final String path, final long createBytes, final Duration patience)
      throws IOException {
    return new BackingFile(posix, path, patience).open(createBytes);
  }

  /** See {@link FileTarget#bytesOf}. */
  static long bytesOf(final Posix posix, final String path) throws IOException {
    final BackingFile file = new BackingFile(posix, path, Duration.ZERO);
    // Nobody who wants to write is waited for, were it a FIFO.
    final int fd = posix.open(path, Linux.O_RDONLY() | Linux.O_NONBLOCK() | Linux.O_CLOEXEC(), 0);
    if (fd == -Linux.ENOENT()) {
      throw usage("backing store " + path + " does not exist");
    }
    if (fd < 0) {
      throw file.cannotOpen(fd);
    }
    try {
      final Stat stat = file.stat(fd);
      file.refuseOtherTypes(stat);
      return stat.isBlockDevice() ? file.blockDeviceBytes(fd) : stat.bytes();
    } finally {
      posix.close(fd);
    }
  }

  private Opened open(final long createBytes) throws IOException {
    int fd = posix.open(path, OPEN_FLAGS, 0);
    boolean created = false;
    if (fd == -Linux.ENOENT()) {
      if (createBytes == 0) {
        throw usage("backing store " + path + " does not exist; give --size to create it");
      }
      fd = posix.open(path, OPEN_FLAGS | Linux.O_CREAT() | Linux.O_EXCL(), FILE_MODE);
      created = fd >= 0;
    }
    if (fd < 0) {
      throw cannotOpen(fd);
    }
    boolean opened = false;
    try {
      final Stat stat = stat(fd);
      refuseOtherTypes(stat);
      if (stat.isBlockDevice()) {
        fd = claimBlockDevice(fd);
      }
      final Opened file = open(fd, stat, created, createBytes);
      opened = true;
      return file;
    } finally {
      if (!opened) {
        claims.forEach(posix::close);
        posix.close(fd);
        if (created) {
          posix.unlink(path);
        }
      }
    }
  }

  private Opened open(final int fd, final Stat stat, final boolean created, final long createBytes)
      throws IOException {
    // Two servers on one disk would destroy it and both records. The lock goes with the descriptor.
    lock(fd, stat.isBlockDevice() ? longer(patience, UDEV_LIMIT) : patience);
    refuseOtherNames(fd, stat);
    if (created) {
      ErrnoException.orThrow(posix.ftruncate(fd, createBytes), "ftruncate", path, createBytes);
    }
    final long bytes =
        created ? createBytes : stat.isBlockDevice() ? blockDeviceBytes(fd) : stat.bytes();
    checkSize(bytes, created, createBytes);
    final boolean direct = tryDirect(fd, stat);
    if (!direct) {
      LOG.info("{} does not take direct I/O at 512 bytes: using the page cache", path);
    }
    final boolean punches = stat.isBlockDevice() ? canZero(stat) : canPunch(fd, stat);
    if (!punches) {
      LOG.info("{} cannot give room back: no DISCARD, and zeroes are written", path);
    }
    final int syncFd = reopen(posix, path, fd);
    return new Opened(fd, syncFd, List.copyOf(claims), created, bytes, direct, punches);
  }

  /**
   * Opens it once more, as another open file description.
   *
   * @return the descriptor
   */
  static int reopen(final Posix posix, final String path, final int fd) throws IOException {
    return ErrnoException.orThrow(
        posix.open("/proc/self/fd/" + fd, OPEN_FLAGS, 0), "open", path, "once more");
  }

  private BackingException cannotOpen(final int result) {
    return environment("cannot open backing store " + path + ": " + Errno.describe(-result));
  }

  private void refuseOtherTypes(final Stat stat) throws BackingException {
    if (!stat.isBlockDevice() && stat.type() != Linux.S_IFREG()) {
      throw usage("backing store " + path + " is neither a regular file nor a block device");
    }
  }

  private void checkSize(final long bytes, final boolean created, final long createBytes)
      throws BackingException {
    if (bytes <= 0 || bytes % Geometry.SECTOR_BYTES != 0) {
      throw usage(
          "backing store " + path + " has " + bytes + " bytes: not a positive multiple of 512");
    }
    if (!created && createBytes != 0 && createBytes != bytes) {
      throw usage(
          "backing store "
              + path
              + " has "
              + bytes
              + " bytes, but --size says "
              + createBytes
              + "; leave --size out for an existing disk");
    }
  }

  private Stat stat(final int fd) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      final MemorySegment st = statx.allocate(arena);
      ErrnoException.orThrow(posix.statx(fd, STAT_MASK, st), "statx", path);
      return new Stat(
          statx.stx_mode(st) & 0xffff & Linux.S_IFMT(),
          statx.stx_size(st),
          Integer.toUnsignedLong(statx.stx_dev_major(st)) << 32
              | Integer.toUnsignedLong(statx.stx_dev_minor(st)),
          statx.stx_ino(st),
          Integer.toUnsignedString(statx.stx_rdev_major(st))
              + ":"
              + Integer.toUnsignedString(statx.stx_rdev_minor(st)),
          (statx.stx_mask(st) & Linux.STATX_DIOALIGN()) != 0,
          statx.stx_dio_offset_align(st));
    }
  }

  // --- claims ---

  /**
   * Opens a block device once more, with O_EXCL, which the kernel refuses while a file system is
   * mounted from it or another driver has claimed it (open(2)).
   *
   * @param fd is closed, unless it fails
   */
  private int claimBlockDevice(final int fd) throws IOException {
    final int claimed =
        patiently(
            patience,
            List.of(-Linux.EBUSY()),
            () -> posix.open(path, OPEN_FLAGS | Linux.O_EXCL(), 0));
    if (claimed < 0) {
      throw environment(
          claimed == -Linux.EBUSY()
              ? "backing store "
                  + path
                  + " is in use: it is mounted, or part of another device; unmount it first"
              : "cannot open backing store " + path + ": " + Errno.describe(-claimed));
    }
    posix.close(fd);
    return claimed;
  }

  private void lock(final int fd, final Duration limit) throws IOException {
    final int locked =
        patiently(
            limit,
            List.of(-Linux.EAGAIN(), -Linux.EINTR()), // the latter of a server of files, flock(2)
            () -> posix.flock(fd, Linux.LOCK_EX() | Linux.LOCK_NB()));
    if (locked < 0) {
      throw environment(
          locked == -Linux.EAGAIN()
              ? "backing store " + path + " is in use by another process (it holds a lock on it)"
              : "cannot lock backing store " + path + ": " + Errno.describe(-locked));
    }
  }

  /**
   * Tries until it is done, or the time is over.
   *
   * @param busy what the try returns while somebody else has the file
   */
  private int patiently(final Duration limit, final List<Integer> busy, final IntSupplier attempt)
      throws IOException {
    final long startNs = System.nanoTime();
    boolean told = false;
    int result = attempt.getAsInt();
    while (busy.contains(result) && System.nanoTime() - startNs < limit.toNanos()) {
      if (!told && System.nanoTime() - startNs > TELL_NS) {
        told = true;
        LOG.info("{} is in use by another process: waiting for it", path);
      }
      pause();
      result = attempt.getAsInt();
    }
    return result;
  }

  private static void pause() throws IOException {
    try {
      Thread.sleep(PAUSE_MS);
    } catch (final InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while waiting for the backing store", e);
    }
  }

  /**
   * The same bytes can be had as a file and as a loop device on it, and QEMU has locks of its own.
   */
  private void refuseOtherNames(final int fd, final Stat stat) throws IOException {
    if (!stat.isBlockDevice()) {
      refuseLoopDevices(fd, stat, "");
      if (!ImageLocks.take(posix, fd)) {
        throw environment(
            "backing store " + path + " is in use: a virtual machine has it open; shut that down");
      }
      return;
    }
    final Path whole = disk(stat);
    final int below = KernelTable.loopFile(whole).map(this::openBelow).orElse(-Linux.ENOENT());
    if (below >= 0) { // else removed meanwhile, or of another mount namespace
      claims.add(below);
      lock(below, patience);
      refuseLoopDevices(below, stat(below), String.valueOf(whole.getFileName()));
      if (!ImageLocks.take(posix, below)) {
        throw environment(
            "backing store " + path + " is in use: a virtual machine has its file open");
      }
    }
  }

  /** In sysfs: the disk that a block device is, or is a partition of. */
  private Path disk(final Stat stat) throws IOException {
    final Path device = BLOCK_DEVICES.resolve(stat.blockDevice());
    try {
      return KernelTable.disk(device.toRealPath());
    } catch (final NoSuchFileException e) {
      throw environment(
          "backing store %s is a block device, but there is no %s: mount sysfs on /sys"
              .formatted(path, device));
    }
  }

  private static Path kernelName(final int fd) throws IOException {
    return Files.readSymbolicLink(Path.of("/proc/self/fd", Integer.toString(fd)));
  }

  /**
   * Opens the file of a loop device.
   *
   * @param name a char for each byte
   */
  private int openBelow(final String name) {
    try (Arena arena = Arena.ofConfined()) {
      return posix.openat(
          Linux.AT_FDCWD(),
          arena.allocateFrom(name, StandardCharsets.ISO_8859_1),
          Linux.O_RDONLY() | Linux.O_CLOEXEC(),
          0);
    }
  }

  private void refuseLoopDevices(final int fd, final Stat file, final String but)
      throws IOException {
    final Path kernelName = kernelName(fd);
    for (final Path device : KernelTable.entries(BLOCK_CLASS)) {
      final String name = String.valueOf(device.getFileName());
      if (!name.equals(but)
          && LoopDevice.isOn(posix, device, kernelName, file.device(), file.inode())) {
        throw environment(
            "backing store %s is in use: /dev/%s is a loop device on it; detach that first (losetup -d)"
                .formatted(path, name));
      }
    }
  }

  // --- what it can do ---

  private long blockDeviceBytes(final int fd) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      final MemorySegment size = arena.allocate(ValueLayout.JAVA_LONG);
      ErrnoException.orThrow(
          posix.ioctl(fd, Linux.BLKGETSIZE64(), size), "ioctl", path, "BLKGETSIZE64");
      return size.get(ValueLayout.JAVA_LONG, 0);
    }
  }

  /** Switches the descriptor to O_DIRECT if every 512-byte request will then be taken. */
  private boolean tryDirect(final int fd, final Stat stat) {
    if (stat.alignmentKnown()
        && (stat.alignment() == 0 || stat.alignment() > Geometry.SECTOR_BYTES)) {
      return false;
    }
    final int flags = posix.fcntl(fd, Linux.F_GETFL(), 0);
    if (flags < 0 || posix.fcntl(fd, Linux.F_SETFL(), flags | Linux.O_DIRECT()) < 0) {
      return false;
    }
    if (stat.alignmentKnown()) {
      return true;
    }
    // File systems that do not tell their alignment (tmpfs) are asked by a read of one sector.
    try (Arena arena = Arena.ofConfined()) {
      final MemorySegment sector =
          arena.allocate(Geometry.SECTOR_BYTES, FileTarget.PHYSICAL_BLOCK_BYTES);
      if (posix.pread(fd, sector, 0) == Geometry.SECTOR_BYTES) {
        return true;
      }
    }
    posix.fcntl(fd, Linux.F_SETFL(), flags);
    return false;
  }

  /**
   * Asks another file of the file system: to punch this one, even behind its end, would change its
   * ctime, by which the recorder knows that nobody has touched it.
   *
   * @return true also when nobody can tell: then the first DISCARD will
   */
  private boolean canPunch(final int fd, final Stat stat) throws IOException {
    final Path directory = kernelName(fd).resolveSibling(".").normalize();
    final int unnamed = posix.open(directory.toString(), OPEN_FLAGS | Linux.O_TMPFILE(), FILE_MODE);
    if (unnamed >= 0) {
      return canPunchClosing(unnamed, stat);
    }
    final String named =
        directory.resolve(".blockcam-probe-" + ProcessHandle.current().pid() + "-" + fd).toString();
    final int probe = posix.open(named, OPEN_FLAGS | Linux.O_CREAT() | Linux.O_EXCL(), FILE_MODE);
    if (probe < 0) {
      return true;
    }
    try {
      return canPunchClosing(probe, stat);
    } finally {
      posix.unlink(named);
    }
  }

  private boolean canPunchClosing(final int probe, final Stat stat) throws IOException {
    try {
      return stat(probe).device() != stat.device()
          || posix.fallocate(probe, PUNCH_HOLE, 0, FileTarget.PHYSICAL_BLOCK_BYTES) >= 0;
    } finally {
      posix.close(probe);
    }
  }

  /**
   * Whether a block device zeroes by itself: else the kernel would write the zeroes, however many
   * they are (blkdev_fallocate).
   */
  private boolean canZero(final Stat stat) throws IOException {
    if (attribute(stat, "zoned").equals("host-managed")) {
      throw usage(
          "backing store %s is a host-managed zoned device, which takes no writes in place; choose another disk"
              .formatted(path));
    }
    final String bytes = attribute(stat, "write_zeroes_max_bytes");
    return !bytes.isEmpty() && !bytes.equals("0");
  }

  /** Of the queue of a block device; a partition has that of its disk. */
  private String attribute(final Stat stat, final String name) throws IOException {
    return KernelTable.firstLine(disk(stat).resolve("queue").resolve(name));
  }

  private static Duration longer(final Duration one, final Duration other) {
    return one.compareTo(other) >= 0 ? one : other;
  }

  private static BackingException usage(final String message) {
    return new BackingException(BackingException.Kind.USAGE, message);
  }

  private static BackingException environment(final String message) {
    return new BackingException(BackingException.Kind.ENVIRONMENT, message);
  }
}
