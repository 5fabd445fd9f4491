package io.blockcam.nativebindings;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import io.blockcam.nativebindings.uapi.Linux;
import io.blockcam.nativebindings.uapi.iovec;
import io.blockcam.nativebindings.uapi.statx;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opentest4j.TestAbortedException;

/** Against the kernel of this machine. */
class LinuxPosixTest {
  private static final int PAGE = 4096;

  private final Posix posix = Posix.linux();
  private final Arena arena = Arena.ofConfined();

  @TempDir Path directory;

  private String path;
  private int fd;

  @BeforeEach
  void openFile() throws Exception {
    path = directory.resolve("file").toString();
    final int flags = Linux.O_RDWR() | Linux.O_CREAT() | Linux.O_EXCL() | Linux.O_CLOEXEC();
    fd = ErrnoException.orThrow(posix.open(path, flags, 0600), "open", path);
  }

  @AfterEach
  void closeFile() {
    posix.close(fd);
    arena.close();
  }

  @Test
  void readsBackWhatWasWritten() {
    final MemorySegment written = arena.allocateFrom("blockcam");
    final MemorySegment read = arena.allocate(written.byteSize());

    assertThat(posix.pwrite(fd, written, 5)).isEqualTo(9);
    assertThat(posix.pread(fd, read, 5)).isEqualTo(9);

    assertThat(read.getString(0)).isEqualTo("blockcam");
    assertThat(posix.pread(fd, read, 100)).as("behind the end").isZero();
    assertThat(posix.lseek(fd, 0, Linux.SEEK_END())).isEqualTo(14);
  }

  @Test
  void writesFromSeveralPiecesAndReadsIntoSeveral() {
    final MemorySegment vectors = arena.allocate(iovec.layout(), 2);
    vector(vectors, 0, arena.allocateFrom("ab", UTF_8), 2);
    vector(vectors, 1, arena.allocateFrom("cde", UTF_8), 3);

    assertThat(posix.pwritev(fd, vectors.address(), 2, 0)).isEqualTo(5);
    assertThat(posix.pwritev2(fd, vectors.address(), 2, 5, Linux.RWF_DSYNC())).isEqualTo(5);

    final MemorySegment all = arena.allocate(11);
    vector(vectors, 0, all, 4);
    vector(vectors, 1, all.asSlice(4), 6);
    assertThat(posix.preadv2(fd, vectors.address(), 2, 0, 0)).isEqualTo(10);
    assertThat(all.getString(0)).isEqualTo("abcdeabcde");
  }

  @Test
  void returnsTheNegatedErrorNumber() {
    final MemorySegment buffer = arena.allocate(8);

    assertThat(posix.pread(-1, buffer, 0)).isEqualTo(-Linux.EBADF());
    assertThat(posix.pread(fd, buffer, -1)).isEqualTo(-Linux.EINVAL());
    assertThat(posix.pread(fd, 0, 8, 0)).as("end of an empty file").isZero();
    assertThat(posix.pwrite(fd, 0, 8, 0)).isEqualTo(-Linux.EFAULT());
    assertThat(posix.close(-1)).isEqualTo(-Linux.EBADF());
    assertThat(posix.open(path + "/below", Linux.O_RDONLY(), 0)).isEqualTo(-Linux.ENOTDIR());
    assertThat(posix.open(directory + "/absent", Linux.O_RDONLY(), 0)).isEqualTo(-Linux.ENOENT());
    assertThat(posix.open("a\0b", Linux.O_RDONLY(), 0)).isEqualTo(-Linux.EINVAL());
    assertThat(posix.mmap(0, 0, 0, 0, fd, 0)).isEqualTo(-Linux.EINVAL());
    assertThat(posix.posixFadvise(fd, 0, 0, 99)).isEqualTo(-Linux.EINVAL());
    assertThat(posix.ioctl(fd, Linux.BLKGETSIZE64(), buffer)).isEqualTo(-Linux.ENOTTY());
    assertThat(posix.ioUringEnter(-1, 0, 0, 0, 0, 0)).isEqualTo(-Linux.EBADF());
    assertThat(posix.ioUringRegister(1 << 20, 0, 0, 0)).isEqualTo(-Linux.EBADF());
  }

  @Test
  void refusesMemoryOfTheJavaHeap() {
    final MemorySegment heap = MemorySegment.ofArray(new byte[8]);

    assertThatThrownBy(() -> posix.pread(fd, heap, 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("native memory");
    assertThatThrownBy(() -> posix.statx(fd, Linux.STATX_SIZE(), heap))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> posix.ioUringSetup(1, heap))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void tellsSizeAndTypeOfAFile() {
    final MemorySegment status = arena.allocate(statx.layout());
    assertThat(posix.ftruncate(fd, 3 * PAGE)).isZero();

    final int mask = Linux.STATX_SIZE() | Linux.STATX_TYPE() | Linux.STATX_MODE();
    assertThat(posix.statx(fd, mask, status)).isZero();

    assertThat(statx.stx_size(status)).isEqualTo(3 * PAGE);
    assertThat(statx.stx_mode(status) & Linux.S_IFMT()).isEqualTo(Linux.S_IFREG());
    assertThat(statx.stx_mode(status) & 0777).isEqualTo(0600);
  }

  @Test
  void punchesAHoleThatReadsBackAsZeroes() {
    final MemorySegment page = arena.allocate(2 * PAGE);
    page.fill((byte) 7);
    posix.pwrite(fd, page, 0);

    final int mode = Linux.FALLOC_FL_PUNCH_HOLE() | Linux.FALLOC_FL_KEEP_SIZE();
    assertThat(posix.fallocate(fd, mode, PAGE, PAGE)).isZero();

    assertThat(posix.pread(fd, page, 0)).isEqualTo(2 * PAGE);
    assertThat(page.get(JAVA_BYTE, PAGE - 1)).isEqualTo((byte) 7);
    assertThat(page.get(JAVA_BYTE, PAGE)).isZero();
    assertThat(posix.lseek(fd, 0, Linux.SEEK_HOLE())).isEqualTo(PAGE);
    assertThat(posix.lseek(fd, PAGE, Linux.SEEK_DATA())).isEqualTo(-Linux.ENXIO());
  }

  @Test
  void syncs() {
    assertThat(posix.fsync(fd)).isZero();
    assertThat(posix.fdatasync(fd)).isZero();
    assertThat(posix.syncfs(fd)).isZero();
    assertThat(posix.syncFileRange(fd, 0, PAGE, Linux.SYNC_FILE_RANGE_WRITE())).isZero();
    assertThat(posix.posixFadvise(fd, 0, 0, Linux.POSIX_FADV_DONTNEED())).isZero();
    assertThat(posix.fsync(-1)).isEqualTo(-Linux.EBADF());
  }

  @Test
  void locksAWholeFileAgainstASecondOpen() {
    final int second = posix.open(path, Linux.O_RDWR() | Linux.O_CLOEXEC(), 0);
    final int exclusive = Linux.LOCK_EX() | Linux.LOCK_NB();

    assertThat(posix.flock(fd, exclusive)).isZero();
    assertThat(posix.flock(second, exclusive)).isEqualTo(-Linux.EWOULDBLOCK());
    assertThat(posix.flock(fd, Linux.LOCK_UN())).isZero();
    assertThat(posix.flock(second, exclusive)).isZero();

    posix.close(second);
  }

  @Test
  void renamesOverAndRefusesToReplace() throws Exception {
    final Path other = Files.writeString(directory.resolve("other"), "other");
    final int atCwd = Linux.AT_FDCWD();

    final int noReplace = Linux.RENAME_NOREPLACE();
    assertThat(posix.renameat2(atCwd, path, atCwd, other.toString(), noReplace))
        .isEqualTo(-Linux.EEXIST());
    assertThat(posix.rename(path, other.toString())).isZero();
    assertThat(Files.readString(other)).isEmpty();
    assertThat(posix.unlink(other.toString())).isZero();
    assertThat(posix.unlink(other.toString())).isEqualTo(-Linux.ENOENT());
  }

  @Test
  void opensBelowADirectory() {
    final int at = posix.open(directory.toString(), Linux.O_DIRECTORY() | Linux.O_CLOEXEC(), 0);
    final int file = posix.openat(at, "file", Linux.O_RDONLY() | Linux.O_CLOEXEC(), 0);

    assertThat(file).isNotNegative();
    assertThat(posix.fcntl(file, Linux.F_GETFL(), 0) & Linux.O_ACCMODE())
        .isEqualTo(Linux.O_RDONLY());

    posix.close(file);
    posix.close(at);
  }

  @Test
  void sharesMemoryThroughAMapping() throws Exception {
    final int memory = posix.memfdCreate("blockcam-test", Linux.MFD_CLOEXEC());
    assertThat(posix.ftruncate(memory, PAGE)).isZero();
    final int protection = Linux.PROT_READ() | Linux.PROT_WRITE();
    final long address =
        ErrnoException.orThrow(
            posix.mmap(0, PAGE, protection, Linux.MAP_SHARED(), memory, 0), "mmap", PAGE);
    final MemorySegment page = MemorySegment.ofAddress(address).reinterpret(PAGE);

    page.set(JAVA_INT, 12, 0x600d);
    final MemorySegment read = arena.allocate(JAVA_INT);
    assertThat(posix.pread(memory, read, 12)).isEqualTo(4);
    assertThat(read.get(JAVA_INT, 0)).isEqualTo(0x600d);

    assertThat(posix.msync(address, PAGE, Linux.MS_SYNC())).isZero();
    assertThat(posix.madvise(address, PAGE, Linux.MADV_WILLNEED())).isZero();
    assertThat(posix.mlock(address, PAGE)).isIn(0, -Linux.ENOMEM(), -Linux.EPERM());
    assertThat(posix.munmap(address, PAGE)).isZero();
    posix.close(memory);
  }

  @Test
  void countsEvents() {
    final int event = posix.eventfd(3, Linux.EFD_NONBLOCK() | Linux.EFD_CLOEXEC());
    final MemorySegment value = arena.allocate(JAVA_LONG);

    value.set(JAVA_LONG, 0, 4);
    assertThat(posix.write(event, value)).isEqualTo(8);
    assertThat(posix.read(event, value)).isEqualTo(8);
    assertThat(value.get(JAVA_LONG, 0)).isEqualTo(7);
    assertThat(posix.read(event, value)).isEqualTo(-Linux.EAGAIN());

    posix.close(event);
  }

  @Test
  void pinsTheThreadToACpu() {
    final MemorySegment before = arena.allocate(128, 8);
    assertThat(posix.schedGetaffinity(0, before)).isZero();
    final int cpu = posix.schedGetcpu();
    final MemorySegment mask = arena.allocate(128, 8);
    mask.set(JAVA_BYTE, cpu / 8, (byte) (1 << (cpu % 8)));

    assertThat(posix.schedSetaffinity(posix.gettid(), mask)).isZero();
    assertThat(posix.schedGetcpu()).isEqualTo(cpu);
    mask.fill((byte) 0);
    assertThat(posix.schedSetaffinity(0, mask)).as("no CPU at all").isEqualTo(-Linux.EINVAL());

    assertThat(posix.schedSetaffinity(0, before)).isZero();
  }

  @Test
  void makesThreadsThatGiveWay() throws Exception {
    final AtomicReference<String> stat = new AtomicReference<>("");
    final Thread nice =
        new NiceThreads()
            .newThread(
                () -> {
                  try {
                    stat.set(Files.readString(Path.of("/proc/thread-self/stat")));
                  } catch (final IOException e) {
                    stat.set(e.toString());
                  }
                });
    nice.start();
    nice.join();
    final String behindName = stat.get().substring(stat.get().lastIndexOf(')') + 2);
    assertThat(behindName.split(" ")[16]).as("field 19 of proc_pid_stat(5)").isEqualTo("10");
    assertThat(posix.setpriority(-1, 0)).isEqualTo(-Linux.ESRCH());
  }

  @Test
  void namesTheThread() {
    final MemorySegment name = arena.allocate(16);
    assertThat(posix.prctl(Linux.PR_GET_NAME(), name.address(), 0, 0, 0)).isZero();
    final String before = name.getString(0);

    final MemorySegment queue = arena.allocateFrom("queue-0");
    assertThat(posix.prctl(Linux.PR_SET_NAME(), queue.address(), 0, 0, 0)).isZero();
    posix.prctl(Linux.PR_GET_NAME(), name.address(), 0, 0, 0);
    assertThat(name.getString(0)).isEqualTo("queue-0");

    posix.prctl(Linux.PR_SET_NAME(), arena.allocateFrom(before).address(), 0, 0, 0);
  }

  @Test
  void knowsTheUser() throws Exception {
    final String line =
        Files.readAllLines(Path.of("/proc/self/status")).stream()
            .filter(status -> status.startsWith("Uid:"))
            .findFirst()
            .orElseThrow();

    assertThat(posix.geteuid()).isEqualTo(Integer.parseInt(line.split("\\s+", -1)[2]));
  }

  @Test
  void drivesARing() throws Exception {
    try (NopRing ring = ringOrSkip(8)) {
      for (int i = 0; i < 100; i++) {
        assertThat(ring.turn()).isEqualTo(36);
      }
    }
  }

  @Test
  void doesNotAllocateOnTheWayOfAnIo() throws Exception {
    final MemorySegment buffer = arena.allocate(PAGE, PAGE);
    posix.pwrite(fd, buffer, 0);
    final int event = posix.eventfd(0, Linux.EFD_NONBLOCK() | Linux.EFD_CLOEXEC());
    final MemorySegment count = arena.allocate(JAVA_LONG);
    count.set(JAVA_LONG, 0, 1);

    assertThat(bytesAllocatedBy(() -> posix.pread(fd, buffer, 0))).as("pread").isZero();
    assertThat(bytesAllocatedBy(() -> posix.pwrite(fd, buffer, 0))).as("pwrite").isZero();
    assertThat(bytesAllocatedBy(() -> posix.write(event, count) + posix.read(event, count)))
        .as("eventfd")
        .isZero();
    try (NopRing ring = ringOrSkip(8)) {
      assertThat(bytesAllocatedBy(ring::turn)).as("io_uring_enter").isZero();
    } finally {
      posix.close(event);
    }
  }

  @Test
  void keepsErrnoOfEachInstanceApart() throws Exception {
    final Thread other =
        Thread.ofPlatform()
            .start(
                () -> {
                  final Posix own = Posix.linux();
                  for (int i = 0; i < 100_000; i++) {
                    if (own.close(-1) != -Linux.EBADF()) {
                      throw new AssertionError("errno of another thread");
                    }
                  }
                });
    final Throwable[] thrown = new Throwable[1];
    other.setUncaughtExceptionHandler((thread, throwable) -> thrown[0] = throwable);
    for (int i = 0; i < 100_000; i++) {
      assertThat(posix.munmap(1, 1)).isEqualTo(-Linux.EINVAL());
    }
    other.join();
    assertThat(thrown[0]).isNull();
  }

  private NopRing ringOrSkip(final int entries) throws ErrnoException {
    try {
      return new NopRing(posix, entries);
    } catch (final ErrnoException e) {
      if (e.errno() == Linux.ENOSYS() || e.errno() == Linux.EPERM()) {
        throw new TestAbortedException("io_uring is switched off on this machine: " + e);
      }
      throw e;
    }
  }

  private interface Call {
    long run() throws Exception;
  }

  /**
   * Bytes that 10,000 calls allocate once they are compiled. Before that the JDK makes a slice of
   * the errno segment on each call; when compilation happens is the JVM's own affair.
   */
  private static long bytesAllocatedBy(final Call call) throws Exception {
    final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    final long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    long allocated;
    do {
      final long before = threads.getCurrentThreadAllocatedBytes();
      for (int i = 0; i < 10_000; i++) {
        call.run();
      }
      allocated = threads.getCurrentThreadAllocatedBytes() - before;
    } while (allocated > 0 && System.nanoTime() - deadline < 0);
    return allocated;
  }

  private static void vector(
      final MemorySegment vectors, final int index, final MemorySegment base, final long length) {
    final MemorySegment element = iovec.asSlice(vectors, index);
    iovec.iov_base(element, base);
    iovec.iov_len(element, length);
  }

  @Test
  void refusesToBecomeAProgramThatIsNotThere() {
    final String absent = directory.resolve("absent").toString();

    assertThat(posix.execve(absent, List.of(absent), List.of("A=B"))).isEqualTo(-Linux.ENOENT());
    assertThat(posix.execve(path, List.of("a\0b"), List.of())).isEqualTo(-Linux.EINVAL());
  }

  @Test
  void becomesAnotherProgram() throws Exception {
    final Process java =
        new ProcessBuilder(
                ProcessHandle.current().info().command().orElseThrow(),
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                BecomesEcho.class.getName())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();

    assertThat(new String(java.getInputStream().readAllBytes(), UTF_8))
        .isEqualTo("LEFT=alone\nwith spaces, pid " + java.pid() + "\n");
    assertThat(java.waitFor()).isZero();
  }

  /** Ends as a shell that prints its environment, its argument and its process id. */
  static final class BecomesEcho {
    public static void main(final String[] args) {
      final String script = "echo LEFT=$LEFT; echo $0, pid $$";
      Posix.linux()
          .execve("/bin/sh", List.of("sh", "-c", script, "with spaces"), List.of("LEFT=alone"));
    }
  }

  @Test
  void lowersALimit() throws Exception {
    assertThat(posix.setrlimit(Linux.RLIMIT_CORE(), 0, 0)).isZero();

    assertThat(Files.readAllLines(Path.of("/proc/self/limits")))
        .anyMatch(line -> line.matches("Max core file size +0 +0 +bytes *"));
  }

  @Test
  void refusesNameSpacesAndMountsThatCanNotBe() {
    assertThat(posix.unshare(1)).isEqualTo(-Linux.EINVAL());
    assertThat(posix.umount2(path, 0)).isIn(-Linux.EINVAL(), -Linux.EPERM());
    assertThat(posix.remount(path, Linux.MS_SLAVE())).isIn(-Linux.EINVAL(), -Linux.EPERM());
  }
}
