package io.blockcam.vmtests;

import static org.assertj.core.api.Assertions.assertThat;

import io.blockcam.vmtests.host.Fio;
import io.blockcam.vmtests.host.Limits;
import io.blockcam.vmtests.host.LiveDisk;
import io.blockcam.vmtests.host.Mount;
import io.blockcam.vmtests.host.Recording;
import io.blockcam.vmtests.host.Scenario;
import io.blockcam.vmtests.host.Shell;
import io.blockcam.vmtests.record.Event;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A disk fails under load: the guest hears of its own writes at most, the record is right. */
@Scenario
@Tag("test-host")
final class FailingDiskTest {

  @TempDir private Path scratch;

  /** The spool's disk is full for a while, of somebody else's files: writes wait, and go on. */
  @Test
  void goesOnWhenTheDiskOfTheSpoolHasRoomAgain() throws Exception {
    final Recording recording = Recording.inDirectory(scratch, "crowded", "32M");
    try (Mount small = Mount.memory(scratch.resolve("small"), "48M")) {
      final Path spool = Files.createDirectory(small.dir().resolve("spool"));
      Files.createSymbolicLink(recording.spool(), spool);
      final Path filler = small.dir().resolve("filler");
      try (LiveDisk disk = recording.record("--ring-size", "8M")) {
        Shell.sh("dd if=/dev/zero of=$1 bs=64k 2>/dev/null || true", filler.toString());
        final Process fio =
            new Fio(scratch, disk.device())
                .with("rw=randwrite", "bs=64k", "iodepth=8", "thread", "refill_buffers")
                .with("verify=crc32c")
                .start();
        assertThat(Limits.await(Limits.seconds(60), () -> disk.err().contains("No space left")))
            .as(disk::describe)
            .isTrue();
        assertThat(fio.isAlive()).as("it waits").isTrue();
        Files.delete(filler);
        assertThat(fio.waitFor(Limits.seconds(120).toSeconds(), TimeUnit.SECONDS)).isTrue();
        assertThat(fio.exitValue()).as("fio's verdict").isZero();
        disk.stopsCleanly();
      }
      recording.latestShouldEqualTheDisk();
      recording.verifies();
    }
  }

  /** A thin disk on a file system without room for it: writes end half-way, with ENOSPC. */
  @Test
  void latestEqualsADiskThatRanOutOfRoom() throws Exception {
    final Recording recording = Recording.inDirectory(scratch, "thin", "32M");
    try (Mount small = Mount.memory(scratch.resolve("small"), "10100k")) {
      final Path image = small.dir().resolve("image");
      Shell.run("truncate", "--size=32M", image.toString());
      Files.createSymbolicLink(recording.backing(), image);
      try (LiveDisk disk = recording.record("--queues", 2)) {
        final Process fio =
            new Fio(scratch, disk.device())
                .with("rw=randwrite", "bssplit=4k/40:64k/40:256k/20", "iodepth=16", "thread")
                .with("numjobs=2", "refill_buffers", "continue_on_error=all")
                .with("time_based", "runtime=4")
                .start();
        assertThat(fio.waitFor(Limits.seconds(60).toSeconds(), TimeUnit.SECONDS)).isTrue();
        disk.stopsCleanly();
      }
      recording.latestShouldEqualTheDisk();
    }
    recording.verifies();
    assertThat(recording.published().events())
        .as("writes that failed")
        .anyMatch(event -> event.has(Event.FAILED));
    assertThat(recording.published().events(Event.RESYNC)).as("blocks read back").isNotEmpty();
    assertThat(recording.spool().resolve("doubt.json")).doesNotExist();
  }
}
