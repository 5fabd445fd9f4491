package io.blockcam.vmtests;

import static org.assertj.core.api.Assertions.assertThat;

import io.blockcam.vmtests.host.EncryptedDevice;
import io.blockcam.vmtests.host.Fio;
import io.blockcam.vmtests.host.Limits;
import io.blockcam.vmtests.host.LiveDisk;
import io.blockcam.vmtests.host.MappedDisk;
import io.blockcam.vmtests.host.Recording;
import io.blockcam.vmtests.host.Scenario;
import io.blockcam.vmtests.host.Shell;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A disk with a file system in a partition and, in another one, an encrypted device under a mapped
 * one, as cryptsetup and LVM make them, on backing stores of all kinds: its recorder is killed
 * again and again, and none of its users sees an error.
 */
@Scenario
@Tag("test-host")
@Tag("long")
@Timeout(value = 30, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class StackedDiskTest {

  /** On each kind of backing store. */
  private static final int KILLS = 17;

  private static final int MIB = 48;
  private static final String PARTITIONS = "start=2048, size=40960\nstart=43008, size=53248\n";

  @TempDir private Path scratch;
  private final SplittableRandom random = new SplittableRandom();

  @AfterEach
  void letGo() {
    Shell.sh(
        """
        umount -l $1/files || true
        dmsetup remove --force stacked || true
        dmsetup remove --force secret || true
        """,
        scratch);
  }

  @Test
  void onAFilePastThePageCache() throws Exception {
    final Recording recording = Recording.inDirectory(scratch, "direct", MIB + "M");
    killed(recording, "");
  }

  /** With its data in the journal, ext4 takes no direct I/O (ext4_should_journal_data). */
  @Test
  void onAFileThroughThePageCache() throws Exception {
    final Path image = scratch.resolve("image");
    Shell.run("truncate", "--size=500M", image.toString());
    Shell.run("mkfs.ext4", "-q", "-F", image.toString());
    final Path point = Files.createDirectory(scratch.resolve("mount"));
    Shell.run("mount", "-o", "loop,data=journal", image.toString(), point.toString());
    try {
      killed(Recording.inDirectory(point, "buffered", MIB + "M"), "using the page cache");
    } finally {
      Shell.run("umount", point.toString());
    }
  }

  @Test
  void onADiskWithSectorsOf4Kibibytes() throws Exception {
    final Recording recording = Recording.inDirectory(scratch, "native", MIB + "M");
    try (MappedDisk mapped = MappedDisk.over(scratch.resolve("image"), MIB, 4096)) {
      Files.createSymbolicLink(recording.backing(), mapped.device());
      killed(recording, "using the page cache");
    }
  }

  private void killed(final Recording recording, final String told) throws Exception {
    LiveDisk disk = recording.record("--queues", 2);
    final Path device = disk.device();
    try {
      assertThat(disk.err()).contains(told);
      Shell.sh(
          """
          printf '%s' "$2" | sfdisk -q $1 && blockdev --rereadpt $1
          mkfs.ext4 -q -F ${1}p2; mkdir -p $3/files; mount -o errors=panic ${1}p2 $3/files
          """,
          device, PARTITIONS, scratch);
      final EncryptedDevice secret = EncryptedDevice.over(Path.of(device + "p1"));
      Shell.sh(
          """
          dmsetup create stacked --noudevsync --table "0 $(blockdev --getsz $1) linear $1 0"
          dmsetup mknodes
          """,
          secret.device());
      final Process fio =
          new Fio(scratch, Path.of("/dev/mapper/stacked"))
              .with("rw=randwrite", "bssplit=4k/50:16k/25:64k/25", "iodepth=16", "rate=2m")
              .with("verify=crc32c", "verify_backlog=64", "verify_fatal=1", "fsync=100")
              .startEndless();
      final Process files = writeFiles(scratch.resolve("files"));
      disk.awaitWrites();
      for (int kill = 0; kill < KILLS; kill++) {
        Thread.sleep(Duration.ofMillis(random.nextInt(1500)));
        assertThat(fio.isAlive()).as("fio meets no error").isTrue();
        disk.kill();
        disk.close();
        disk = recording.record("--queues", 2);
        assertThat(disk.device()).isEqualTo(device);
        assertThat(files.isAlive()).as("who writes files meets no error").isTrue();
      }
      Fio.end(fio);
      assertThat(disk.awaitUser(fio, Limits.seconds(300))).as("fio's verdict").isEqualTo(Fio.ENDED);
      Files.createFile(scratch.resolve("enough"));
      assertThat(disk.awaitUser(files, Limits.seconds(60))).as("who writes files").isZero();
      Shell.sh("umount $1/files; dmsetup remove stacked", scratch);
      secret.close();
      disk.stopsCleanly();
    } finally {
      disk.close();
    }
    recording.latestShouldEqualTheDisk();
    recording.verifies();
    Shell.sh(
        "loop=$(losetup -f --show -o $((43008 * 512)) $1); fsck.ext4 -fn $loop; losetup -d $loop",
        recording.replay("latest"));
  }

  /** Until there is a file that says enough. */
  private Process writeFiles(final Path directory) throws Exception {
    return new ProcessBuilder(
            "sh",
            "-ec",
            """
            i=0
            while [ ! -e $1/../enough ]; do
              i=$((i + 1)); head -c 100k /dev/urandom >$1/next
              sync -f $1/next; mv $1/next $1/file$((i % 40)); rm -f $1/file$(((i + 20) % 40))
              sleep 0.1
            done
            """,
            "sh",
            directory.toString())
        .redirectErrorStream(true)
        .redirectOutput(scratch.resolve("files.out").toFile())
        .start();
  }
}
