package io.blockcam.vmtests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blockcam.vmtests.host.BlockDevice;
import io.blockcam.vmtests.host.LiveDisk;
import io.blockcam.vmtests.host.MappedDisk;
import io.blockcam.vmtests.host.Mount;
import io.blockcam.vmtests.host.Recording;
import io.blockcam.vmtests.host.Refusals;
import io.blockcam.vmtests.host.Scenario;
import io.blockcam.vmtests.host.Shell;
import io.blockcam.vmtests.record.Event;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a disk may stand on: which files and devices, under which names, and what they cannot do.
 */
@Scenario
@Tag("test-host")
class BackingTest {

  private static final int USAGE = 2;
  private static final int ENVIRONMENT = 3;
  private static final int MIB = 1 << 20;

  @TempDir private Path scratch;

  /** Two servers on the same bytes would destroy the disk and both records. */
  @Test
  void isRefusedUnderAnotherNameWhileItIsInUse() throws Exception {
    final Recording recording = Recording.inDirectory(scratch, "named", "16M");
    final Path image = recording.backing();
    Shell.run("truncate", "--size=16M", image.toString());
    final String loop = Shell.run("losetup", "--find", "--show", image.toString()).strip();
    try {
      new Refusals(scratch)
          .refuses(
              ENVIRONMENT,
              () -> recording.runHere("record", "--backing", image, "--spool", recording.spool()),
              image.toString(),
              loop + " is a loop device on it",
              "losetup -d");
    } finally {
      Shell.run("losetup", "--detach", loop);
    }
    try (LiveDisk disk = recording.record()) {
      final Path hard = Files.createLink(scratch.resolve("hard"), image);
      final Path soft = Files.createSymbolicLink(scratch.resolve("soft"), image);
      final Path bound = Files.createFile(scratch.resolve("bound"));
      Shell.run("mount", "--bind", image.toString(), bound.toString());
      final Path late = Path.of(Shell.run("losetup", "-f", "--show", hard.toString()).strip());
      try {
        for (final Path name : new Path[] {hard, soft, bound, late}) {
          final Shell.Result refused =
              recording.runHere(
                  "record", "--backing", name, "--spool", scratch.resolve("other.spool"));
          assertThat(refused.status()).as("%s", refused).isEqualTo(ENVIRONMENT);
          assertThat(refused.err()).contains(name.toString(), "is in use").hasLineCount(1);
        }
      } finally {
        Shell.run("losetup", "--detach", late.toString());
        Shell.run("umount", bound.toString());
      }
      disk.stopsCleanly();
    }
  }

  /** Such a disk takes writes behind each other only. */
  @Test
  void isRefusedOnAHostManagedZonedDisk() throws Exception {
    Shell.sh(
        """
        mountpoint -q /sys/kernel/config || mount -t configfs none /sys/kernel/config
        mkdir /sys/kernel/config/nullb/zoned
        cd /sys/kernel/config/nullb/zoned
        echo 1 >zoned; echo 4 >zone_size; echo 64 >size; echo 1 >memory_backed; echo 1 >power
        """);
    try {
      final Recording recording = Recording.inDirectory(scratch, "zoned", "64M");
      new Refusals(scratch)
          .refuses(
              USAGE,
              () ->
                  recording.runHere(
                      "record", "--backing", "/dev/zoned", "--spool", recording.spool()),
              "/dev/zoned is a host-managed zoned device");
    } finally {
      Shell.sh("echo 0 >$1/power; rmdir $1", "/sys/kernel/config/nullb/zoned");
    }
  }

  /** Trimming such a disk would write all of it; what the guest zeroes is zero all the same. */
  @Test
  void offersNoDiscardWhereNothingCanBePunched() throws Exception {
    final Recording recording = Recording.inDirectory(scratch, "fat", "64M");
    final Path small = scratch.resolve("small");
    Shell.run("truncate", "--size=200M", small.toString());
    Shell.run("mkfs.vfat", small.toString());
    try (Mount fat = Mount.device(small, scratch.resolve("fat"), "-o", "loop")) {
      final Path file = fat.dir().resolve("disk");
      Shell.run("truncate", "--size=64M", file.toString());
      Files.createSymbolicLink(recording.backing(), file);
      try (LiveDisk disk = recording.record()) {
        assertThat(queue(disk, "discard_max_bytes")).isZero();
        assertThat(queue(disk, "write_zeroes_max_bytes")).isEqualTo(4 * MIB);
        Shell.sh(
            "tr '\\0' x </dev/zero | dd of=$1 bs=1M seek=4 count=8 iflag=fullblock", disk.device());
        Shell.run("blkdiscard", "--zeroout", "-o", "6M", "-l", "4M", disk.device().toString());
        disk.stopsCleanly();
      }
      recording.latestShouldEqualTheDisk();
      assertThat(recording.published().events(Event.ZEROES)).isNotEmpty();
    }
    recording.verifies();
  }

  /**
   * A disk with sectors of 4096 bytes, so the page cache lies between: what that could not write
   * back it keeps as if it had, and whoever reads through it finds what the disk has not.
   */
  @Test
  void recordsWhatTheDiskHoldsAndNotThePageCacheAfterASyncHasFailed() throws Exception {
    final Recording recording = Recording.inDirectory(scratch, "native", "32M");
    try (MappedDisk mapped = MappedDisk.over(scratch.resolve("image"), 32, 4096)) {
      Files.createSymbolicLink(recording.backing(), mapped.device());
      final byte[] before = new byte[MIB];
      final byte[] lost = new byte[MIB];
      Arrays.fill(before, (byte) 1);
      Arrays.fill(lost, (byte) 2);
      // Who closes a block device last drops its pages: this one sees to it that they stay.
      try (FileChannel other = FileChannel.open(mapped.device());
          LiveDisk disk = recording.record()) {
        assertThat(disk.err()).contains("using the page cache");
        try (BlockDevice device = new BlockDevice(disk.device())) {
          device.writeDurably(0, before);
          mapped.failWrites();
          device.write(0, lost);
          assertThatThrownBy(device::flush).as("the guest is told").isInstanceOf(Exception.class);
          mapped.heal();
        }
        disk.stop();
        assertThat(firstByte(other)).as("what the page cache holds").isEqualTo(lost[0]);
        try (LiveDisk again = recording.record()) {
          assertThat(again.err()).contains("may differ between disk and record");
          again.stopsCleanly();
        }
      }
      Shell.sh("blockdev --flushbufs $1; echo 3 >/proc/sys/vm/drop_caches", mapped.device());
      recording.latestShouldEqualTheDisk();
      Recording.holds(recording.replay("latest"), withFirst(before, 32 * MIB));
    }
    recording.verifies();
  }

  private static byte firstByte(final FileChannel file) throws IOException {
    final ByteBuffer first = ByteBuffer.allocate(1);
    file.read(first, 0);
    return first.get(0);
  }

  private static byte[] withFirst(final byte[] first, final int size) {
    return Arrays.copyOf(first, size);
  }

  private static long queue(final LiveDisk disk, final String attribute) {
    return Long.parseLong(
        Shell.run("cat", "/sys/block/" + disk.device().getFileName() + "/queue/" + attribute)
            .strip());
  }
}
