package io.blockcam.vmtests;

import static org.assertj.core.api.Assertions.assertThat;

import io.blockcam.vmtests.host.Fio;
import io.blockcam.vmtests.host.Limits;
import io.blockcam.vmtests.host.LiveDisk;
import io.blockcam.vmtests.host.Recording;
import io.blockcam.vmtests.host.Scenario;
import io.blockcam.vmtests.record.Event;
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

  @TempDir private Path scratch;

  @Test
  void latestEqualsTheDiskAfterEachKillUnderLoad() throws Exception {
    final Recording recording = Recording.inDirectory(scratch, "killed", "32M");
    final SplittableRandom random = new SplittableRandom();
    for (int kill = 0; kill < KILLS; kill++) {
      try (LiveDisk disk = recording.record("--queues", 2)) {
        final Process fio =
            new Fio(scratch, disk.device())
                .with("rw=randwrite", "bssplit=4k/50:16k/25:64k/25", "iodepth=16", "thread")
                .with("numjobs=2", "norandommap", "refill_buffers", "time_based", "runtime=1m")
                .start();
        Thread.sleep(Duration.ofMillis(random.nextInt(500, 2500)));
        disk.kill();
        assertThat(fio.waitFor(Limits.seconds(60).toSeconds(), TimeUnit.SECONDS))
            .as("fio ends with the device")
            .isTrue();
      }
      try (LiveDisk disk = recording.record("--queues", 2)) {
        disk.stopsCleanly();
      }
      recording.latestShouldEqualTheDisk();
    }
    recording.verifies();
    assertThat(recording.published().events())
        .as("writes that were in flight at a kill")
        .anyMatch(event -> event.has(Event.UNKNOWN_OUTCOME));
    assertThat(recording.published().events(Event.RESYNC)).as("blocks read back").isNotEmpty();
  }
}
