package io.blockcam.vmtests;

import static org.assertj.core.api.Assertions.assertThat;

import io.blockcam.vmtests.host.LiveDisk;
import io.blockcam.vmtests.host.Mount;
import io.blockcam.vmtests.host.RealFiles;
import io.blockcam.vmtests.host.Recording;
import io.blockcam.vmtests.host.Scenario;
import io.blockcam.vmtests.host.Shell;
import io.blockcam.vmtests.record.Event;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** At every flush the disk is one that a power cut could have left: its file system says so. */
@Scenario
@Tag("test-host")
class FlushTest {
  private static final long MEGABYTE = 1 << 20;
  private static final int FEW = 5;

  private static final String CHECK_EXT4 =
      "e2fsck -E journal_only -y $1 || test $? -le 1; e2fsck -fn $1";
  private static final String CHECK_XFS =
      "mkdir -p $1.mnt; mount -o loop,nouuid $1 $1.mnt; umount $1.mnt; xfs_repair -n $1";
  private static final String CHECK_BTRFS = "btrfs check --readonly $1";

  @TempDir private Path scratch;

  @Test
  void leavesAnExt4() throws IOException {
    isSound("ext4", "mkfs.ext4 -q -F $1", 64, CHECK_EXT4, FEW);
  }

  @Test
  void leavesAnXfs() throws IOException {
    isSound("xfs", "mkfs.xfs -q -f $1", 320, CHECK_XFS, FEW);
  }

  @Test
  void leavesABtrfs() throws IOException {
    isSound("btrfs", "mkfs.btrfs -q -f $1", 256, CHECK_BTRFS, FEW);
  }

  @Test
  @Tag("long")
  void leavesEachOfThemAtEveryFlush() throws IOException {
    isSound("ext4", "mkfs.ext4 -q -F $1", 64, CHECK_EXT4, Integer.MAX_VALUE);
    isSound("xfs", "mkfs.xfs -q -f $1", 320, CHECK_XFS, Integer.MAX_VALUE);
    isSound("btrfs", "mkfs.btrfs -q -f $1", 256, CHECK_BTRFS, Integer.MAX_VALUE);
  }

  private void isSound(
      final String type, final String mkfs, final int diskMb, final String check, final int most)
      throws IOException {
    final Recording recording = Recording.inDirectory(scratch, type, diskMb + "M");
    final Path dir = scratch.resolve("mnt");
    final Instant made;
    try (LiveDisk disk = recording.record()) {
      Shell.sh(mkfs, disk.device());
      made = Instant.now();
      try (Mount mount = Mount.device(disk.device(), dir, "-t", type)) {
        for (int i = 0; i < 3; i++) {
          final Path files = Files.createDirectories(mount.dir().resolve("files" + i));
          RealFiles.copyTo(files, 4 * MEGABYTE, 30);
          Shell.run("sync", "-f", dir.toString());
        }
        Shell.sh("rm -r $1/files1; sync -f $1; mv $1/files2 $1/files3; sync -f $1", mount.dir());
        mount.unmount();
      }
      disk.stopsCleanly();
    }
    final List<Event> flushes =
        recording.publishedEvents().events(Event.FLUSH).stream()
            .filter(e -> Instant.ofEpochSecond(0, e.timestampNs()).isAfter(made))
            .toList();
    assertThat(flushes).hasSizeGreaterThan(FEW);
    final int looks = Math.min(most, flushes.size());
    for (int i = 0; i < looks; i++) {
      final long sequence = flushes.get((int) ((long) i * flushes.size() / looks)).sequence();
      final Path image = recording.replayHere("seq:" + sequence);
      Shell.sh(check, image);
      Files.delete(image);
    }
  }
}
