package io.blockcam.vmtests;

import static org.assertj.core.api.Assertions.assertThat;

import io.blockcam.vmtests.host.BlockDevice;
import io.blockcam.vmtests.host.Blockcam;
import io.blockcam.vmtests.host.LiveDisk;
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
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A recording goes on with its own disk, as the recorder left it, and with no other. */
@Scenario
@Tag("test-host")
class SameDiskTest {

  private static final int USAGE = 2;

  @TempDir private Path scratch;
  private Recording recording = Recording.inDirectory(Path.of(""), "", "");
  private Refusals here = new Refusals(Path.of(""));

  @BeforeEach
  void prepare() {
    recording = Recording.inDirectory(scratch, "disk", "16M");
    here = new Refusals(scratch);
  }

  /** A disk that was served in between, one that is another file, one that is not there. */
  @Test
  void refusesEveryOtherDiskAndOneThatWasChanged() throws IOException {
    recordOneWrite(1);

    try (LiveDisk disk = Blockcam.start("serve", "--backing", recording.backing())) {
      assertThat(disk.err()).contains("recording 'disk'", "--rebind");
      disk.stopsCleanly();
    }
    refusesToRecord("served without being recorded");

    try (LiveDisk disk = recording.record("--rebind")) {
      assertThat(disk.err()).contains("served without being recorded", "do not join");
      write(disk, 2);
      disk.stopsCleanly();
    }
    assertThat(recording.run("info", "--gaps").out())
        .containsPattern("gaps +1 records; --gaps lists")
        .containsPattern("\\d+ +4096 +16\\.0 MiB +written by somebody else\\n");
    assertThat(recording.published().events(Event.RESYNC))
        .as("what it held, without being recorded")
        .isNotEmpty();
    recording.latestShouldEqualTheDisk();
    recording.verifies();

    final Path original = scratch.resolve("original");
    Files.move(recording.backing(), original);
    Files.copy(original, recording.backing());
    refusesToRecord("another file");

    Files.delete(recording.backing());
    refusesToRecord("no such file");
    assertThat(recording.backing()).doesNotExist();

    Files.move(
        original, recording.backing()); // the right one, but nobody can tell what it went through
    refusesToRecord("changed at");
  }

  /** The recorder was killed: what it last knew of the disk is older than the disk. */
  @Test
  void goesOnAfterAKillUnlessTheDiskWasServedSince() {
    try (LiveDisk disk = recording.record()) {
      write(disk, 1);
      disk.kill();
    }
    recordOneWrite(2);
    try (LiveDisk disk = recording.record()) {
      write(disk, 3);
      disk.kill();
    }
    Blockcam.run("reap", "--all").shouldSucceed(); // or the recorder's device would wait for it
    try (LiveDisk disk = Blockcam.start("serve", "--backing", recording.backing())) {
      disk.stopsCleanly();
    }
    refusesToRecord("served without being recorded");
  }

  /**
   * More than a start reads itself: the rest is read beside the guest, which may trim all of it.
   */
  @Test
  void readsALargeDiskBackWhileItsGuestTrimsIt() throws IOException {
    final Recording large = Recording.inDirectory(scratch, "large", "2G");
    try (LiveDisk disk = large.record()) {
      write(disk, 1);
      disk.stopsCleanly();
    }
    try (FileChannel behindItsBack = FileChannel.open(large.backing(), StandardOpenOption.WRITE)) {
      behindItsBack.write(ByteBuffer.wrap(new byte[] {7}), 1800L << 20);
    }
    try (LiveDisk disk = large.record("--rebind")) {
      for (int gib = 0; gib < 2; gib++) {
        final String from = "%dG".formatted(gib);
        Shell.run("blkdiscard", "-o", from, "-l", "100M", disk.device().toString());
      }
      write(disk, 2);
      disk.stopsCleanly();
    }
    large.latestShouldEqualTheDisk();
  }

  private void refusesToRecord(final String reason) {
    here.refuses(
        USAGE,
        () ->
            recording.runHere(
                "record",
                "--backing",
                recording.backing(),
                "--size",
                "16M",
                "--spool",
                recording.spool()),
        recording.backing().toString(),
        reason,
        "--rebind");
  }

  private void recordOneWrite(final int value) {
    try (LiveDisk disk = recording.record()) {
      write(disk, value);
      disk.stopsCleanly();
    }
  }

  private static void write(final LiveDisk disk, final int value) {
    final byte[] block = new byte[4096];
    Arrays.fill(block, (byte) value);
    try (BlockDevice device = new BlockDevice(disk.device())) {
      device.writeDurably(value * 8192L, block);
    }
  }
}
