package io.blockcam.vmtests;

import static org.assertj.core.api.Assertions.assertThat;

import io.blockcam.vmtests.host.BlockDevice;
import io.blockcam.vmtests.host.Blockcam;
import io.blockcam.vmtests.host.LiveDisk;
import io.blockcam.vmtests.host.Recording;
import io.blockcam.vmtests.host.Scenario;
import io.blockcam.vmtests.host.Shell;
import io.blockcam.vmtests.record.Event;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A recorded disk becomes larger; each moment keeps the size that it had. */
@Scenario
@Tag("test-host")
class GrowTest {

  private static final int USAGE = 2;

  /** The last block is cut short. */
  private static final long SMALL = (16 << 20) + 512;

  private static final long LARGE = 24 << 20;

  @TempDir private Path scratch;
  private Recording small = Recording.inDirectory(Path.of(""), "", "");
  private Recording large = Recording.inDirectory(Path.of(""), "", "");

  @BeforeEach
  void prepare() {
    small = Recording.inDirectory(scratch, "disk", String.valueOf(SMALL));
    large = Recording.inDirectory(scratch, "disk", String.valueOf(LARGE));
  }

  @Test
  void goesOnWithALargerDiskAndRestoresEachMomentAtItsSize() throws IOException {
    try (LiveDisk disk = small.record()) {
      write(disk, SMALL - 512, 512);
      Blockcam.run("mark", "disk", "small", "--spool", small.spool()).shouldSucceed();
      disk.stopsCleanly();
    }
    final Path before = small.copyOfDisk();
    grow();

    refused(large.recordInVain(), "of a disk of 16777728 bytes, this one has 25165824", "--grow");
    try (LiveDisk disk = large.record("--grow")) {
      assertThat(large.status().get("diskBytes").asLong()).isEqualTo(LARGE);
      write(disk, LARGE - 4096, 4096);
      disk.stopsCleanly();
    }

    large.latestShouldEqualTheDisk();
    Recording.isEqual(large.replayHere("mark:small"), before);
    large.verifies();
    assertThat(large.published().lastDisk()).isEqualTo(Files.readAllBytes(large.backing()));
    assertThat(large.published().events(Event.GAP)).isNotEmpty();
    assertThat(large.run("info", "--gaps").out())
        .contains("24.0 MiB (25165824 bytes), 16.0 MiB when it began", "the disk grew");
    try (FileChannel file = FileChannel.open(large.backing(), StandardOpenOption.WRITE)) {
      file.truncate(SMALL);
    }
    refused(small.recordInVain("--grow"), "of a disk of 25165824 bytes, this one has 16777728");
  }

  /** Whoever uses the disk has opened one of the old size. */
  @Test
  void doesNotGrowUnderUsersWhoWait() throws IOException {
    try (LiveDisk disk = small.record()) {
      write(disk, 0, 4096);
      refusedToTakeOverALargerFile();
      disk.kill();
    }
    grow();
    refused(
        large.recordInVain("--grow"), "wait with 16777728 bytes", "truncate -s 16777728", "reap");

    Blockcam.run("reap", "--all").shouldSucceed();
    try (LiveDisk disk = large.record("--grow")) {
      write(disk, SMALL, 8192);
      disk.kill();
    }
    try (LiveDisk disk = large.record()) { // its device is as large by now
      disk.stopsCleanly();
    }
    large.latestShouldEqualTheDisk();
    large.verifies();
  }

  /** The one who serves it goes on, and its users notice nothing. */
  @Test
  void doesNotTakeOverABlockDeviceThatHasGrown() throws IOException {
    final String image = scratch.resolve("image").toString();
    Shell.run("truncate", "--size=" + SMALL, image);
    final String loop = Shell.run("losetup", "--find", "--show", image).strip();
    try {
      Files.createSymbolicLink(small.backing(), Path.of(loop));
      try (LiveDisk disk = small.record()) {
        Shell.run("truncate", "--size=" + LARGE, image);
        Shell.run("losetup", "--set-capacity", loop);
        refusedToTakeOver();
        write(disk, 0, 4096);
        disk.stopsCleanly();
      }
    } finally {
      Shell.run("losetup", "--detach", loop);
    }
  }

  private void refusedToTakeOver() {
    refused(
        large.recordInVain("--take-over", "--grow"), "the disk that is served 16777728", "stop it");
  }

  private void refusedToTakeOverALargerFile() throws IOException {
    grow();
    refusedToTakeOver();
    try (FileChannel file = FileChannel.open(large.backing(), StandardOpenOption.WRITE)) {
      file.truncate(SMALL);
    }
  }

  /** By somebody else, who leaves something in the new part. */
  private void grow() throws IOException {
    try (FileChannel file = FileChannel.open(large.backing(), StandardOpenOption.WRITE)) {
      file.write(ByteBuffer.wrap(filled(9, 10_000)), SMALL + 100_000);
      file.write(ByteBuffer.wrap(new byte[1]), LARGE - 1);
    }
  }

  private static void refused(final Shell.Result result, final String... words) {
    result.shouldEndWith(USAGE);
    assertThat(result.err().lines().toList()).as("%s", result).hasSize(1);
    assertThat(result.err()).startsWith("blockcam: ").contains(words);
  }

  private static void write(final LiveDisk disk, final long offset, final int bytes) {
    try (BlockDevice device = new BlockDevice(disk.device())) {
      device.writeDurably(offset, filled(5, bytes));
    }
  }

  private static byte[] filled(final int value, final int bytes) {
    final byte[] content = new byte[bytes];
    Arrays.fill(content, (byte) value);
    return content;
  }
}
