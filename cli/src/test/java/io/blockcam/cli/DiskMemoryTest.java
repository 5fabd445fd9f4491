package io.blockcam.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.blockcam.archive.Baseline;
import io.blockcam.archive.Recording;
import io.blockcam.capture.disk.DiskFingerprinter;
import io.blockcam.capture.spool.DiskFingerprint;
import io.blockcam.capture.spool.Spool;
import io.blockcam.nativebindings.Posix;
import io.blockcam.ublk.target.FileTarget;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the spool remembers of the disk, and that a disk which does not answer holds up no stop. */
final class DiskMemoryTest {

  private static final int DISK_BYTES = 1 << 20;
  private static final Duration LONG = Duration.ofMinutes(1);

  @TempDir Path dir;
  private FileTarget disk;
  private Spool spool;

  @BeforeEach
  void open() throws IOException {
    final Path file = dir.resolve("disk");
    Files.write(file, new byte[DISK_BYTES]);
    disk = FileTarget.open(Posix.linux(), file.toString(), 0);
    final Recording recording =
        new Recording(
            UUID.randomUUID(), "disk", DISK_BYTES, Instant.EPOCH, "host", "", Baseline.EMPTY);
    spool = Spool.open(dir.resolve("spool"), recording, 1L << 30);
  }

  @AfterEach
  void close() throws IOException {
    spool.close();
    disk.close();
  }

  @Test
  void remembersThatTheDiskIsInUseAndThenHowItWasLeft() throws Exception {
    final DiskMemory memory = memory(() -> new long[] {3});

    memory.begin();
    assertThat(remembered().clean()).isFalse();
    assertThat(remembered().samples()).hasSize(1);

    memory.end(/* clean= */ true, LONG);
    assertThat(remembered().clean()).isTrue();
  }

  @Test
  void doesNotTakeADiskForCleanThatMayStillBeWrittenTo() throws Exception {
    final DiskMemory memory = memory(() -> new long[] {3});
    memory.begin();

    memory.end(/* clean= */ false, LONG);

    assertThat(remembered().clean()).isFalse();
  }

  @Test
  void endsWithoutADiskThatDoesNotAnswer() throws Exception {
    final CountDownLatch answers = new CountDownLatch(1);
    final AtomicReference<Thread> reader = new AtomicReference<>();
    final DiskMemory memory =
        memory(
            () -> {
              if (Thread.currentThread().isDaemon()) {
                reader.set(Thread.currentThread());
                await(answers);
              }
              return new long[] {3};
            });
    memory.begin();

    memory.end(/* clean= */ true, Duration.ofMillis(500));
    final DiskFingerprint before = remembered();
    answers.countDown();
    reader.get().join();

    assertThat(before.clean()).isFalse();
    assertThat(remembered()).isEqualTo(before);
  }

  private static void await(final CountDownLatch answers) {
    try {
      answers.await();
    } catch (final InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private DiskMemory memory(final Supplier<long[]> written) {
    return new DiskMemory(
        new DiskFingerprinter(disk, InstantSource.system()), written, spool, /* before= */ null);
  }

  private DiskFingerprint remembered() throws IOException {
    return Spool.diskOf(dir.resolve("spool")).orElseThrow();
  }
}
