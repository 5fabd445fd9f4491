package io.blockcam.vmtests;

import static org.assertj.core.api.Assertions.assertThat;

import io.blockcam.vmtests.host.BlockDevice;
import io.blockcam.vmtests.host.Checkout;
import io.blockcam.vmtests.host.EncryptedDevice;
import io.blockcam.vmtests.host.Fio;
import io.blockcam.vmtests.host.LiveDisk;
import io.blockcam.vmtests.host.Mount;
import io.blockcam.vmtests.host.Recording;
import io.blockcam.vmtests.host.Scenario;
import io.blockcam.vmtests.host.Shell;
import io.blockcam.vmtests.host.StampedBlocks;
import io.blockcam.vmtests.record.Event;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The power goes under load, with disk and spool on a disk of the test host; the next test host has
 * the same disk. scripts/test runs the two tests in turn, each in a host of its own.
 */
@Scenario
@Tag("power-cut")
final class PowerCutTest {

  private static final Path HOST_DISK = Path.of("/dev/ubda");

  /** On the machine: what was written here is there whatever becomes of the test host. */
  private static final Path ON_MACHINE = Checkout.file("target/test/power-cut");

  /** 4 KiB each, in the first partition, encrypted; fio has the other one. */
  private static final int BLOCKS = 4096;

  private static final int SECTOR_BYTES = 512;
  private static final int FIRST_SECTOR = 2048;
  private static final int SECTORS = BLOCKS * 8;
  private static final String PARTITIONS =
      "start=%d, size=%d\nstart=%d\n".formatted(FIRST_SECTOR, SECTORS, FIRST_SECTOR + SECTORS);

  @TempDir private Path scratch;

  @Test
  @Tag("power-cut-before")
  void writesUntilThePowerGoes() throws Exception {
    Files.createDirectories(ON_MACHINE);
    final Path formatted = ON_MACHINE.resolve("formatted");
    if (!Files.exists(formatted)) {
      Shell.run("mkfs.ext4", "-q", HOST_DISK.toString());
      Files.createFile(formatted);
    }
    final SplittableRandom random = new SplittableRandom();
    final Mount mount = Mount.device(HOST_DISK, scratch.resolve("mount"));
    final LiveDisk disk = recording(mount).record("--queues", 2);
    Shell.sh(
        """
        [ -e $2/partitioned ] || { printf '%s' "$3" | sfdisk -q $1; touch $2/partitioned; }
        blockdev --rereadpt $1
        """,
        disk.device(), ON_MACHINE, PARTITIONS);
    new Fio(scratch, Path.of(disk.device() + "p2"))
        .with("rw=randwrite", "bssplit=4k/50:16k/25:64k/25", "iodepth=16", "rate=2m", "fsync=40")
        .with("norandommap", "refill_buffers", "time_based", "runtime=1m")
        .start();
    final StampedBlocks blocks = StampedBlocks.continued(ON_MACHINE.resolve("flushed"), BLOCKS);
    final Path secret = EncryptedDevice.over(Path.of(disk.device() + "p1")).device();
    try (BlockDevice device = new BlockDevice(secret)) {
      final long deadlineNs =
          System.nanoTime() + Duration.ofMillis(random.nextInt(200, 3000)).toNanos();
      while (System.nanoTime() - deadlineNs < 0) {
        for (int i = random.nextInt(1, 30); i > 0; i--) {
          blocks.write(device, random);
        }
        blocks.flush(device);
      }
      Thread.ofPlatform().daemon().start(() -> cutPower(random.nextInt(100)));
      while (true) { // until it goes, between two flushes or in the middle of one
        blocks.write(device, random);
      }
    }
  }

  private static void cutPower(final int afterMs) {
    try {
      Thread.sleep(afterMs);
      Files.writeString(Path.of("/proc/sysrq-trigger"), "o"); // at once, nothing is written back
    } catch (final IOException | InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  @Tag("power-cut-after")
  void recordIsTheDiskAndHasWhatWasFlushed() throws IOException {
    try (Mount mount = Mount.device(HOST_DISK, scratch.resolve("mount"))) {
      final Recording recording = recording(mount);
      try (LiveDisk disk = recording.record("--queues", 2)) {
        disk.stopsCleanly();
      }
      recording.latestShouldEqualTheDisk();
      recording.verifies();
      holdsWhatWasFlushed(recording.backing());
      assertThat(recording.published().events(Event.GAP)).as("regions in doubt").isNotEmpty();
    }
  }

  private static void holdsWhatWasFlushed(final Path disk) throws IOException {
    final String offset = String.valueOf((long) FIRST_SECTOR * SECTOR_BYTES);
    final String bytes = String.valueOf((long) SECTORS * SECTOR_BYTES);
    final String loop =
        Shell.run("losetup", "-f", "--show", "-o", offset, "--sizelimit", bytes, disk.toString())
            .strip();
    try (EncryptedDevice secret = EncryptedDevice.over(Path.of(loop))) {
      StampedBlocks.continued(ON_MACHINE.resolve("flushed"), BLOCKS)
          .holdsWhatWasFlushed(secret.device());
    } finally {
      Shell.run("losetup", "--detach", loop);
    }
  }

  private static Recording recording(final Mount mount) {
    return Recording.inDirectory(mount.dir(), "cut", "32M");
  }
}
