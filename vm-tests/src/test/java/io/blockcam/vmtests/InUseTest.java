package io.blockcam.vmtests;

import static org.assertj.core.api.Assertions.assertThat;

import io.blockcam.vmtests.host.Blockcam;
import io.blockcam.vmtests.host.Limits;
import io.blockcam.vmtests.host.LiveDisk;
import io.blockcam.vmtests.host.Recording;
import io.blockcam.vmtests.host.Scenario;
import io.blockcam.vmtests.host.Shell;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A disk that is in use when it is stopped: whatever its users wrote is in the record, through
 * whatever lies between them and the disk.
 */
@Scenario
@Tag("test-host")
class InUseTest {

  private static final int ENVIRONMENT = 3;

  /** Two partitions of 30 MiB. */
  private static final String PARTITIONS = "start=2048, size=61440\nstart=63488, size=61440\n";

  @TempDir private Path scratch;
  private Recording recording = Recording.inDirectory(Path.of(""), "", "");

  @BeforeEach
  void prepare() {
    recording = Recording.inDirectory(scratch, "used", "64M");
  }

  @AfterEach
  void letGo() {
    Shell.sh(
        """
        for point in $(awk '$2 ~ /in-use/ { print $2 }' /proc/mounts); do umount -l $point; done
        dmsetup remove --force in-use || true
        """);
  }

  /** Neither was synced: one is in a partition, one in a mapper that only another namespace has. */
  @Test
  void writesBackWhatIsMountedThroughAPartitionAndAMapperInAnyNamespace() throws Exception {
    try (LiveDisk disk = recording.record()) {
      final Path device = disk.device();
      partition(device);
      mountWithFile(device + "p1", "/var/tmp/in-use-b\\303\\274cher");
      // A name that is no text in any encoding, somewhere else on the machine.
      Shell.sh("point=$(printf '/var/tmp/in-use-\\374'); mkdir -p $point; mount -t tmpfs x $point");
      Shell.sh(
          """
          dmsetup create in-use --table "0 $(blockdev --getsz $1) linear $1 0"
          dmsetup mknodes
          mkfs.ext4 -q /dev/mapper/in-use
          """,
          device + "p2");
      final Process elsewhere = mountInItsOwnNamespace();
      try {
        assertThat(disk.stop()).as(disk::describe).isZero();
        assertThat(disk.err())
            .contains("ublkb0p1 is mounted on /var/tmp/in-use-bücher", "ublkb0p2 is part of dm-");
      } finally {
        elsewhere.destroyForcibly().waitFor();
      }
    }
    final Path image = recording.replay("latest");
    assertThat(fileIn(image, 2048)).isEqualTo(Shell.run("sha256sum", "/var/tmp/in-use.1"));
    assertThat(fileIn(image, 63488)).isEqualTo(Shell.run("sha256sum", "/var/tmp/in-use.2"));
  }

  @Test
  void isNotStoppedByTheCommandUnlessForced() {
    try (LiveDisk disk = recording.record()) {
      partition(disk.device());
      mountWithFile(disk.device() + "p1", "/var/tmp/in-use-mount");

      final Shell.Result refused = stop();
      assertThat(refused.status()).isEqualTo(ENVIRONMENT);
      assertThat(refused.err())
          .isEqualTo(
              "blockcam: the disk is in use: ublkb0p1 is mounted on /var/tmp/in-use-mount."
                  + " Unmount and close it first, or give --force\n");
      assertThat(disk.isRunning()).isTrue();

      Shell.run("umount", "/var/tmp/in-use-mount");
      stop().shouldSucceed();
      assertThat(disk.awaitEnd()).isZero();
    }
    try (LiveDisk disk = recording.record()) {
      Shell.run("mount", disk.device() + "p1", "/var/tmp/in-use-mount");
      stop("--force").shouldSucceed();
      assertThat(disk.awaitEnd()).isZero();
    }
  }

  private Shell.Result stop(final Object... more) {
    final Object[] arguments = new Object[4 + more.length];
    System.arraycopy(
        new Object[] {"stop", "used", "--spool", recording.spool()}, 0, arguments, 0, 4);
    System.arraycopy(more, 0, arguments, 4, more.length);
    return Blockcam.run(arguments);
  }

  private static void partition(final Path device) {
    Shell.sh("printf '%s' \"$2\" | sfdisk -q $1 && blockdev --rereadpt $1", device, PARTITIONS);
  }

  private static void mountWithFile(final String device, final String point) {
    Shell.sh(
        """
        mkfs.ext4 -q -F $1; sync
        point=$(printf "$2"); mkdir -p $point; mount $1 $point
        head -c 4M /dev/urandom >/var/tmp/in-use.1; cp /var/tmp/in-use.1 $point/file
        """,
        device,
        point);
  }

  private static Process mountInItsOwnNamespace() throws Exception {
    Files.deleteIfExists(Path.of("/var/tmp/in-use.ready"));
    final Process process =
        new ProcessBuilder(
                "unshare",
                "-m",
                "--propagation",
                "private",
                "sh",
                "-ec",
                """
                mkdir -p /var/tmp/in-use-inner; mount /dev/mapper/in-use /var/tmp/in-use-inner
                head -c 4M /dev/urandom >/var/tmp/in-use.2
                cp /var/tmp/in-use.2 /var/tmp/in-use-inner/file
                touch /var/tmp/in-use.ready; exec sleep 300
                """)
            .inheritIO()
            .start();
    assertThat(
            Limits.await(Limits.seconds(30), () -> Files.exists(Path.of("/var/tmp/in-use.ready"))))
        .isTrue();
    return process;
  }

  /** What sha256sum says of the file in a partition of an image, under the name of the original. */
  private static String fileIn(final Path image, final int sector) {
    return Shell.sh(
            """
            loop=$(losetup -f --show -o $(($2 * 512)) $1)
            mkdir -p /var/tmp/in-use-look; mount $loop /var/tmp/in-use-look
            sha256sum /var/tmp/in-use-look/file
            umount /var/tmp/in-use-look; losetup -d $loop
            """,
            image,
            sector)
        .replace(
            "/var/tmp/in-use-look/file",
            sector == 2048 ? "/var/tmp/in-use.1" : "/var/tmp/in-use.2");
  }
}
