package io.blockcam.vmtests;

import static org.assertj.core.api.Assertions.assertThat;

import io.blockcam.vmtests.host.Checkout;
import io.blockcam.vmtests.host.Limits;
import io.blockcam.vmtests.host.LiveDisk;
import io.blockcam.vmtests.host.Mount;
import io.blockcam.vmtests.host.RealFiles;
import io.blockcam.vmtests.host.Recording;
import io.blockcam.vmtests.host.Scenario;
import io.blockcam.vmtests.host.Shell;
import io.blockcam.vmtests.record.Event;
import io.blockcam.vmtests.record.PublishedRecording;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A virtual machine uses the device as its SATA disk. */
@Scenario
@Tag("test-host")
class VirtualMachineTest {

  /** The file system ends before; the guest writes single sectors behind it. */
  private static final String FILE_SYSTEM_SIZE = "160M";

  private static final long SINGLE_SECTORS_AT = (192L << 20) + 3 * 512;

  private static final String GUEST =
      """
      set -e
      mkfs.ext4 -q -F /dev/sda %s
      mount -t ext4 /dev/sda /mnt
      for i in 1 2 3 4 5 6 7 8; do
        dd if=/dev/urandom of=/mnt/file$i bs=64k count=16 conv=fsync 2>/dev/null
      done
      rm /mnt/file8
      sync
      fstrim /mnt
      cd /mnt
      sha256sum file*
      cd /
      umount /mnt
      # busybox dd has no aligned buffer for O_DIRECT and falls back to the page cache
      /sbin/dd if=/dev/urandom of=/dev/sda bs=512 count=3 seek=%d oflag=direct conv=fsync,notrunc 2>/dev/null
      """
          .formatted(FILE_SYSTEM_SIZE, SINGLE_SECTORS_AT / 512);

  private static final Pattern SUM = Pattern.compile("^([0-9a-f]{64}) +(\\S+)$", Pattern.MULTILINE);

  @TempDir private Path scratch;

  @Test
  void whatTheGuestWroteFlushedAndTrimmedIsInTheRecord() throws IOException {
    final Recording recording = Recording.inDirectory(scratch, "guest", "256M");
    final Map<String, String> files;
    try (LiveDisk disk = recording.record()) {
      files = runGuest(disk.device());
      disk.stopsCleanly();
    }
    assertThat(files).hasSize(7);

    recording.latestShouldEqualTheDisk();
    recording.verifies();
    try (Mount mount =
        Mount.image(recording.replay("latest"), scratch.resolve("restored"), "ext4")) {
      final Map<String, String> restored = RealFiles.sums(mount.dir());
      assertThat(restored).as("files of the guest").isEqualTo(files);
    }
    final PublishedRecording published = recording.published();
    assertThat(published.events(Event.FLUSH)).as("FLUSHes of the guest").hasSizeGreaterThan(7);
    assertThat(published.events(Event.DISCARD)).as("TRIMs of the guest").isNotEmpty();
    assertThat(published.events(Event.DATA))
        .as("single sectors written by the guest, 3 to 5 of their block")
        .filteredOn(e -> e.block() == SINGLE_SECTORS_AT / 4096)
        .isNotEmpty()
        .allMatch(e -> (e.sectorMask() & ~0b0011_1000) == 0);
  }

  private Map<String, String> runGuest(final Path device) throws IOException {
    final Path script = Files.writeString(scratch.resolve("guest.sh"), GUEST);
    final Shell.Result result =
        Shell.execute(
            Limits.seconds(330),
            Checkout.file("scripts/lib/ahci-guest").toString(),
            device.toString(),
            script.toString());
    final Map<String, String> files = new TreeMap<>();
    final Matcher sums = SUM.matcher(result.shouldSucceed().out().replace("\r", ""));
    while (sums.find()) {
      files.put(sums.group(2), sums.group(1));
    }
    return files;
  }
}
