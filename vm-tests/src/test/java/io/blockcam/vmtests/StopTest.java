package io.blockcam.vmtests;

import static org.assertj.core.api.Assertions.assertThat;

import io.blockcam.vmtests.host.BlockDevice;
import io.blockcam.vmtests.host.Limits;
import io.blockcam.vmtests.host.LiveDisk;
import io.blockcam.vmtests.host.Recording;
import io.blockcam.vmtests.host.Scenario;
import io.blockcam.vmtests.host.Shell;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whatever goes wrong in a stop, it ends, and the disk is still there. */
@Scenario
@Tag("test-host")
class StopTest {

  private static final int ENVIRONMENT = 3;

  /** PF_MEMALLOC_NOIO and PF_LOCAL_THROTTLE (sched.h): what PR_SET_IO_FLUSHER sets. */
  private static final long IO_FLUSHER = 0x0008_0000 | 0x0010_0000;

  /** Place of the flags behind the name in proc_pid_stat(5). */
  private static final int STAT_FLAGS = 6;

  private static final int WRITE_BYTES = 128 << 10;

  @TempDir private Path scratch;

  @Test
  void keepsDiskAndSpoolThatThisRunCreatedWhenTheStopFails() {
    final Recording recording = Recording.inDirectory(scratch, "kept", "16M");
    final byte[] data = new byte[4096];
    new Random(8).nextBytes(data);
    try (LiveDisk disk = recording.record()) {
      try (BlockDevice device = new BlockDevice(disk.device())) {
        device.write(0, data);
        device.flush();
      }
      // The ring's file cannot be removed: a directory with something in it has its name.
      Shell.sh(
          "ring=$(ls /dev/shm/blockcam-kept-*.ring) && rm $ring && mkdir $ring && touch $ring/x");
      assertThat(disk.stop()).as(disk::describe).isEqualTo(ENVIRONMENT);
      assertThat(disk.device()).doesNotExist();
      assertThat(recording.spool()).as("what may not be shipped yet").isNotEmptyDirectory();
    } finally {
      Shell.sh("rm -rf /dev/shm/blockcam-kept-*.ring");
    }
    final byte[] expected = new byte[16 << 20];
    System.arraycopy(data, 0, expected, 0, data.length);
    Recording.holds(recording.backing(), expected);
  }

  /** When memory is short, no thread of it waits for pages that only its own device could clean. */
  @Test
  void keepsTheRecorderOutOfTheWayOfWriteBack() throws IOException {
    final Recording recording = Recording.inDirectory(scratch, "flusher", "16M");
    try (LiveDisk disk = recording.record()) {
      final Path process = Path.of("/proc/" + disk.pid());
      final List<String> flushers = new ArrayList<>();
      try (Stream<Path> tasks = Files.list(process.resolve("task"))) {
        for (final Path task : (Iterable<Path>) tasks::iterator) {
          final String stat = stat(task);
          if (stat.isEmpty()) {
            continue;
          }
          final String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
          if ((Long.parseLong(fields[STAT_FLAGS]) & IO_FLUSHER) == IO_FLUSHER) {
            flushers.add(stat.substring(stat.indexOf('(') + 1, stat.lastIndexOf(')')));
          }
        }
      }
      assertThat(flushers)
          .anyMatch(name -> name.matches("ublk[0-9]+-q0"))
          .contains("blockcam-consum", "blockcam-region", "blockcam-disk");
      final List<String> status = Files.readAllLines(process.resolve("status"));
      assertThat(kib(status, "VmLck:")).isGreaterThan(kib(status, "VmRSS:"));
      disk.stopsCleanly();
    }
  }

  /** Empty when the thread has ended meanwhile. */
  private static String stat(final Path task) throws IOException {
    try {
      return Files.readString(task.resolve("stat"));
    } catch (final IOException e) {
      if (Files.exists(task)) {
        throw e;
      }
      return "";
    }
  }

  private static long kib(final List<String> status, final String name) {
    return status.stream()
        .filter(line -> line.startsWith(name))
        .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void endsWithAFullSpoolAndLosesNothing() throws InterruptedException {
    final Recording away = Recording.at("webhdfs://127.0.0.1:9/archive", scratch, "full", "64M");
    final AtomicInteger written = new AtomicInteger();
    try (LiveDisk disk =
        away.record("--ring-size", "8M", "--spool-limit", "8M", "--stop-limit", "1s")) {
      final Thread writer = new Thread(() -> fill(disk.device(), written), "writer");
      writer.start();
      awaitStandstill(written);
      assertThat(written.get()).as("writes before the spool was full").isBetween(8, 256);
      assertThat(disk.stop()).as(disk::describe).isZero();
      writer.join();
    }
    // Everything acknowledged is in the spool: the next start ships it.
    final Recording here = Recording.inDirectory(scratch, "full", "64M");
    try (LiveDisk disk = here.record()) {
      disk.stopsCleanly();
    }
    here.latestShouldEqualTheDisk();
    here.verifies();
  }

  /** Writes until it is told that the device is gone. */
  private static void fill(final Path path, final AtomicInteger written) {
    final Random random = new Random(9);
    final byte[] data = new byte[WRITE_BYTES];
    try (BlockDevice device = new BlockDevice(path)) {
      for (int i = 0; i < (48 << 20) / WRITE_BYTES; i++) {
        random.nextBytes(data);
        device.write((long) i * WRITE_BYTES, data);
        written.incrementAndGet();
      }
    } catch (final RuntimeException e) {
      // The device stopped.
    }
  }

  /** Waits until a write has stood still for two seconds. */
  private static void awaitStandstill(final AtomicInteger written) throws InterruptedException {
    int before = -1;
    final long until = System.nanoTime() + Limits.seconds(60).toNanos();
    while (written.get() == 0 || written.get() != before) {
      before = written.get();
      Thread.sleep(2000);
      assertThat(System.nanoTime()).as("the spool never became full").isLessThan(until);
    }
  }
}
