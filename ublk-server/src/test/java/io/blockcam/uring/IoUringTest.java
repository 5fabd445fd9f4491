package io.blockcam.uring;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import io.blockcam.nativebindings.ErrnoException;
import io.blockcam.nativebindings.Posix;
import io.blockcam.nativebindings.uapi.Linux;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.opentest4j.TestAbortedException;

/** Against the io_uring of the running kernel. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class IoUringTest {
  private static final int PAGE = 4096;
  private static final int ENTRIES = 8;

  private final Posix posix = Posix.linux();
  private final Arena arena = Arena.ofConfined();

  @TempDir Path directory;

  private IoUring ring;
  private int fd;

  @BeforeEach
  void makeRingAndFile() throws IOException {
    ring = build(IoUring.builder().entries(ENTRIES).singleIssuer(true));
    final String path = directory.resolve("file").toString();
    final int flags = Linux.O_RDWR() | Linux.O_CREAT() | Linux.O_CLOEXEC();
    fd = ErrnoException.orThrow(posix.open(path, flags, 0600), "open", path);
  }

  @AfterEach
  void close() {
    ring.close();
    posix.close(fd);
    arena.close();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void completesEveryRequest(final boolean singleIssuer) throws IOException {
    try (IoUring other = build(IoUring.builder().entries(ENTRIES).singleIssuer(singleIssuer))) {
      for (int round = 0; round < 1_000; round++) {
        for (int i = 0; i < ENTRIES; i++) {
          other.prepareNop(i + 1);
        }
        other.submitAndWait(ENTRIES);
        assertThat(other.completions()).isEqualTo(ENTRIES);
        assertThat(reapUserData(other)).isEqualTo(36);
      }
      assertThat(other.completions()).isZero();
    }
  }

  @Test
  void submitsByItselfWhenTheQueueIsFull() throws IOException {
    for (int i = 1; i <= 2 * ENTRIES; i++) {
      ring.prepareNop(i);
    }
    ring.submitAndWait(2 * ENTRIES);

    assertThat(reapUserData(ring)).isEqualTo(136);
  }

  @Test
  void losesNoCompletionWhenTheirQueueOverflows() throws IOException {
    try (IoUring small = build(IoUring.builder().entries(ENTRIES).cqEntries(ENTRIES))) {
      assertThat(small.cqEntries()).isEqualTo(ENTRIES);
      for (int i = 1; i <= 5 * ENTRIES; i++) {
        small.prepareNop(i);
      }
      small.submit();
      assertThat(small.hasOverflow()).isTrue();

      long sum = 0;
      for (int reaped = 0; reaped < 5 * ENTRIES; ) {
        small.submitAndWait(1);
        reaped += small.completions();
        sum += reapUserData(small);
      }
      assertThat(sum).isEqualTo(820);
    }
  }

  @Test
  void readsBackWhatItWrote() throws IOException {
    ring.registerFiles(new int[] {-1, fd});
    assertThatThrownBy(() -> ring.registerFiles(new int[] {fd}))
        .hasMessage(
            "io_uring_register(IORING_REGISTER_FILES, 1 files): EBUSY (Device or resource busy)");
    final MemorySegment page = arena.allocate(PAGE, PAGE).fill((byte) 7);
    final MemorySegment read = arena.allocate(PAGE, PAGE);

    ring.prepareWrite(1, page.address(), PAGE, PAGE, Linux.RWF_DSYNC(), 1);
    assertThat(onlyResult()).isEqualTo(PAGE);
    ring.prepareFdatasync(1, 2);
    assertThat(onlyResult()).isZero();
    ring.prepareRead(1, read.address(), PAGE, PAGE, 0, 4);
    assertThat(onlyResult()).isEqualTo(PAGE);
    assertThat(read.mismatch(page)).isEqualTo(-1);

    ring.prepareRead(0, read.address(), PAGE, 0, 0, 5);
    assertThat(onlyResult()).as("an empty place of the table").isEqualTo(-Linux.EBADF());
    ring.unregisterFiles();
    ring.prepareRead(1, read.address(), PAGE, 0, 0, 6);
    assertThat(onlyResult()).as("no table").isEqualTo(-Linux.EBADF());
    ring.prepareReadFd(fd, read.address(), PAGE, 0, 7);
    assertThat(onlyResult()).isEqualTo(PAGE);
    assertThat(read.get(JAVA_BYTE, 0)).as("before the written page").isZero();
  }

  @Test
  void punchesAHole() throws IOException {
    ring.registerFiles(new int[] {fd});
    final MemorySegment pages = arena.allocate(2 * PAGE).fill((byte) 7);
    posix.pwrite(fd, pages, 0);

    final int mode = Linux.FALLOC_FL_PUNCH_HOLE() | Linux.FALLOC_FL_KEEP_SIZE();
    ring.prepareFallocate(0, mode, PAGE, PAGE, 1);
    assertThat(onlyResult()).isZero();

    posix.pread(fd, pages, 0);
    assertThat(pages.get(JAVA_BYTE, PAGE - 1)).isEqualTo((byte) 7);
    assertThat(pages.get(JAVA_BYTE, PAGE)).isZero();
  }

  @Test
  void isWokenByAnotherThreadThroughAnEventfd() throws Exception {
    final int event = posix.eventfd(0, Linux.EFD_CLOEXEC());
    final MemorySegment counter = arena.allocate(JAVA_LONG);
    ring.prepareReadFd(event, counter.address(), 8, 0, 1);
    ring.submit();
    assertThat(ring.completions()).isZero();

    final Thread waker =
        Thread.ofPlatform()
            .start(
                () -> {
                  try (Arena own = Arena.ofConfined()) {
                    Posix.linux().write(event, own.allocateFrom(JAVA_LONG, 5));
                  }
                });
    assertThat(onlyResult()).isEqualTo(8);
    assertThat(counter.get(JAVA_LONG, 0)).isEqualTo(5);
    waker.join();
    posix.close(event);
  }

  @Test
  void returnsWhenTheTimeIsOver() throws IOException {
    ring.submitAndWait(1, 0);
    ring.submitAndWait(1, 2_000_000);

    assertThat(ring.completions()).isZero();
  }

  @Test
  void doesNotWaitForTheTimeWhenACompletionIsThere() throws IOException {
    ring.prepareNop(9);
    ring.submitAndWait(1, TimeUnit.DAYS.toNanos(1));

    assertThat(reapUserData(ring)).isEqualTo(9);
  }

  @Test
  void handsACommandToTheDriver() throws IOException {
    ring.registerFiles(new int[] {fd});

    ring.prepareUringCmd(0, 0x1234, 1, 2, 7);
    assertThat(onlyResult()).as("no driver here").isEqualTo(-Linux.EOPNOTSUPP());
  }

  @Test
  void offersEightyClearedBytesForALongCommand() throws IOException {
    try (IoUring wide = build(IoUring.builder().entries(1).sqe128(true))) {
      assertThat(wide.features().sqe128()).isTrue();
      for (int i = 0; i < 3; i++) {
        final MemorySegment command = wide.prepareUringCmd128(fd, 0x1234, i);
        assertThat(command.byteSize()).isEqualTo(80);
        assertThat(command.mismatch(MemorySegment.ofArray(new byte[80]))).isEqualTo(-1);
        command.fill((byte) -1);
        wide.submitAndWait(1);
        assertThat(wide.cqeResult(0)).isEqualTo(-Linux.EOPNOTSUPP());
        wide.advance(1);
      }
    }
    assertThatThrownBy(() -> ring.prepareUringCmd128(fd, 0x1234, 1))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("sqe128(true)");
  }

  @Test
  void refusesAnotherThreadThanItsOwn() throws InterruptedException {
    if (!ring.features().singleIssuer()) {
      throw new TestAbortedException("the kernel is older than Linux 6.0");
    }
    ring.prepareNop(1);
    final CompletableFuture<Void> other = new CompletableFuture<>();
    Thread.ofPlatform()
        .start(
            () -> {
              try {
                ring.submit();
                other.complete(null);
              } catch (final Throwable e) {
                other.completeExceptionally(e);
              }
            })
        .join();

    assertThatThrownBy(other::get)
        .isInstanceOf(ExecutionException.class)
        .cause()
        .isInstanceOf(ErrnoException.class)
        .hasMessageContaining("io_uring_enter");
  }

  @Test
  void closesTwiceAndFromAnotherThreadAfterItsOwnHasEnded() throws Exception {
    final CompletableFuture<IoUring> made = new CompletableFuture<>();
    Thread.ofPlatform()
        .start(
            () -> {
              try {
                final IoUring ring = build(IoUring.builder().singleIssuer(true));
                ring.prepareNop(1);
                ring.submitAndWait(1);
                made.complete(ring);
              } catch (final Throwable e) {
                made.completeExceptionally(e);
              }
            })
        .join();

    made.get().close();
    made.get().close();
  }

  @Test
  void doesNotAllocateOnTheWayOfAnIo() throws IOException {
    ring.registerFiles(new int[] {fd});
    final MemorySegment page = arena.allocate(PAGE, PAGE);
    posix.pwrite(fd, page, 0);
    final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    final long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    long allocated;
    do {
      // Until compiled, the JDK makes a slice per call: see Posix.
      final long before = threads.getCurrentThreadAllocatedBytes();
      for (int i = 0; i < 5_000; i++) {
        ring.prepareNop(1);
        ring.prepareRead(0, page.address(), PAGE, 0, 0, 2);
        ring.prepareWrite(0, page.address(), PAGE, 0, 0, 3);
        ring.prepareUringCmd(0, 0x1234, 0, 0, 4);
        ring.submitAndWait(4, TimeUnit.SECONDS.toNanos(1));
        reapUserData(ring);
      }
      allocated = threads.getCurrentThreadAllocatedBytes() - before;
    } while (allocated > 0 && System.nanoTime() - deadline < 0);

    assertThat(allocated).isZero();
  }

  private IoUring build(final IoUring.Builder builder) throws IOException {
    try {
      return builder.build(Posix.linux());
    } catch (final UringUnavailableException e) {
      throw new TestAbortedException(e.getMessage());
    }
  }

  /** Submits, waits for one completion, and returns its result. */
  private int onlyResult() throws IOException {
    ring.submitAndWait(1);
    assertThat(ring.completions()).isEqualTo(1);
    final int result = ring.cqeResult(0);
    ring.advance(1);
    return result;
  }

  /** Reaps what is there; the sum of its user data. */
  private static long reapUserData(final IoUring ring) {
    final int n = ring.completions();
    long sum = 0;
    for (int i = 0; i < n; i++) {
      sum += ring.cqeUserData(i);
    }
    ring.advance(n);
    return sum;
  }
}
