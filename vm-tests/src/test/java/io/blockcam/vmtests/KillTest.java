package io.blockcam.vmtests;

import static org.assertj.core.api.Assertions.assertThat;

import io.blockcam.vmtests.host.Fio;
import io.blockcam.vmtests.host.Limits;
import io.blockcam.vmtests.host.LiveDisk;
import io.blockcam.vmtests.host.Recording;
import io.blockcam.vmtests.host.Scenario;
import io.blockcam.vmtests.record.Event;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A recorder is killed under load: with its next start the record is the disk again. */
@Scenario
@Tag("test-host")
final class KillTest {

  private static final int KILLS = 2;

  /** So many until one of them meets a write in flight; with a full queue nearly each does. */
  private static final int MOST_KILLS = 8;

  /** Writes that show that fio has come to work. */
  private static final long BUSY_WRITES = 50;

  @TempDir private Path scratch;

  @Test
  void latestEqualsTheDiskAfterEachKillUnderLoad() throws Exception {
    final Recording recording = Recording.inDirectory(scratch, "killed", "32M");
    final SplittableRandom random = new SplittableRandom();
    boolean metOne = false;
    for (int kill = 0; kill < KILLS || (!metOne && kill < MOST_KILLS); kill++) {
      try (LiveDisk disk = recording.record("--queues", 2)) {
        final Process fio =
            new Fio(scratch, disk.device())
                .with("rw=randwrite", "bssplit=4k/50:16k/25:64k/25", "iodepth=16", "thread")
                .with("numjobs=2", "norandommap", "refill_buffers", "time_based", "runtime=1m")
                .start();
        awaitWrites(disk);
        Thread.sleep(Duration.ofMillis(random.nextInt(1500)));
        disk.kill();
        assertThat(fio.waitFor(Limits.seconds(60).toSeconds(), TimeUnit.SECONDS))
            .as("fio ends with the device")
            .isTrue();
      }
      try (LiveDisk disk = recording.record("--queues", 2)) {
        disk.stopsCleanly();
      }
      recording.latestShouldEqualTheDisk();
      metOne =
          recording.published().events().stream()
              .anyMatch(event -> event.has(Event.UNKNOWN_OUTCOME));
    }
    recording.verifies();
    assertThat(metOne).as("a write was in flight at a kill").isTrue();
    assertThat(recording.published().events(Event.RESYNC)).as("blocks read back").isNotEmpty();
  }

  /** Fio takes seconds to start where everything is slow; a kill before that meets nothing. */
  private static void awaitWrites(final LiveDisk disk) throws IOException, InterruptedException {
    final Path stat = Path.of("/sys/block/" + disk.device().getFileName() + "/stat");
    final long deadlineNs = System.nanoTime() + Limits.seconds(60).toNanos();
    // Writes completed are the fifth number (block/stat.rst in the kernel's documentation).
    while (Long.parseLong(Files.readString(stat).strip().split(" +")[4]) < BUSY_WRITES) {
      assertThat(System.nanoTime() - deadlineNs).as("fio begins to write in time").isNegative();
      Thread.sleep(Duration.ofMillis(50));
    }
  }
}
