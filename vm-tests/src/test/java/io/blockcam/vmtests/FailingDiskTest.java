package io.blockcam.vmtests;

import static org.assertj.core.api.Assertions.assertThat;

import io.blockcam.vmtests.host.BlockDevice;
import io.blockcam.vmtests.host.Fio;
import io.blockcam.vmtests.host.Limits;
import io.blockcam.vmtests.host.LiveDisk;
import io.blockcam.vmtests.host.MappedDisk;
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
    assertThat(recording.spool().resolve("doubt")).doesNotExist();
  }

  /** The disk takes no writes for a while, then nothing at all; then it is good again. */
  @Test
  void isRightAgainWhenTheDiskIs() throws Exception {
    final Recording recording = Recording.inDirectory(scratch, "eio", "32M");
    try (MappedDisk mapped = MappedDisk.over(scratch.resolve("image"), 32)) {
      Files.createSymbolicLink(recording.backing(), mapped.device());
      try (LiveDisk disk = recording.record("--queues", 2)) {
        final Process fio =
            new Fio(scratch, disk.device())
                .with("rw=randrw", "bssplit=4k/50:64k/50", "iodepth=16", "thread", "numjobs=2")
                .with("refill_buffers", "fsync=32", "continue_on_error=all")
                .with("time_based", "runtime=8")
                .start();
        disk.awaitWrites();
        mapped.failWrites();
        Thread.sleep(1000);
        mapped.heal();
        Thread.sleep(1000);
        mapped.failEverything();
        Thread.sleep(1000);
        mapped.heal();
        assertThat(fio.waitFor(Limits.seconds(60).toSeconds(), TimeUnit.SECONDS)).isTrue();
        try (BlockDevice device = new BlockDevice(disk.device())) {
          device.writeDurably(0, new byte[4096]); // nothing of it is left
        }
        assertThat(disk.err()).doesNotContain("can not be served");
        disk.stopsCleanly();
      }
      recording.latestShouldEqualTheDisk();
      assertThat(recording.published().events())
          .as("writes that failed")
          .anyMatch(event -> event.has(Event.FAILED));
      final int readBack = recording.published().events(Event.RESYNC).size();
      assertThat(readBack).as("blocks read back").isPositive();
      // A sync has failed: what the disk had taken before may be lost, and nobody would tell.
      try (LiveDisk disk = recording.record()) {
        assertThat(disk.err()).contains("may differ between disk and record");
        disk.stopsCleanly();
      }
      recording.latestShouldEqualTheDisk();
    }
    recording.verifies();
    assertThat(recording.spool().resolve("doubt")).doesNotExist();
  }

  /** The spool's disk takes no writes for a while: flushes wait, and everything goes on. */
  @Test
  void goesOnWhenTheDiskOfTheSpoolTakesWritesAgain() throws Exception {
    final Recording recording = Recording.inDirectory(scratch, "spooled", "32M");
    try (MappedDisk mapped = MappedDisk.over(scratch.resolve("image"), 256)) {
      // With a journal it would take no more writes until somebody mounts it again.
      Shell.run("mkfs.ext4", "-q", "-O", "^has_journal", mapped.device().toString());
      try (Mount mount = Mount.device(mapped.device(), scratch.resolve("mount"))) {
        final Path spool = Files.createDirectory(mount.dir().resolve("spool"));
        Files.createSymbolicLink(recording.spool(), spool);
        try (LiveDisk disk = recording.record("--queues", 2)) {
          final Process fio =
              new Fio(scratch, disk.device())
                  .with("rw=randwrite", "bssplit=4k/50:64k/50", "iodepth=16", "thread")
                  .with("fsync=16", "verify=crc32c", "verify_backlog=64", "verify_fatal=1")
                  .with("time_based", "runtime=8")
                  .start();
          disk.awaitWrites();
          mapped.failWrites();
          assertThat(
                  Limits.await(
                      Limits.seconds(30), () -> disk.err().contains("does not take records")))
              .as(disk::describe)
              .isTrue();
          Thread.sleep(1000);
          mapped.heal();
          assertThat(fio.waitFor(Limits.seconds(60).toSeconds(), TimeUnit.SECONDS)).isTrue();
          assertThat(fio.exitValue()).as("fio's verdict").isZero();
          assertThat(disk.err()).contains("takes records again");
          disk.stopsCleanly();
        }
        recording.latestShouldEqualTheDisk();
        recording.verifies();
      }
    }
  }
}
