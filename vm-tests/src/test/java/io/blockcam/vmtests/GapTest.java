package io.blockcam.vmtests;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.blockcam.vmtests.host.Blockcam;
import io.blockcam.vmtests.host.Fio;
import io.blockcam.vmtests.host.Limits;
import io.blockcam.vmtests.host.LiveDisk;
import io.blockcam.vmtests.host.Recording;
import io.blockcam.vmtests.host.Scenario;
import io.blockcam.vmtests.host.Shell;
import io.blockcam.vmtests.record.Event;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The archive is full until ring and spool are, too, and the users of the disk go on. */
@Scenario
@Tag("test-host")
final class GapTest {
  private static final long NO_ROOM = 5;

  @TempDir private Path scratch;
  private Path archive;
  private Recording recording;

  @BeforeEach
  void mountAnArchiveWithoutRoom() throws IOException {
    archive = Files.createDirectory(scratch.resolve("archive"));
    Shell.run("mount", "-t", "tmpfs", "-o", "size=4M", "tmpfs", archive.toString());
    recording = Recording.inDirectory(scratch, "gap", "64M");
  }

  @AfterEach
  void unmount() throws IOException {
    Shell.run("umount", archive.toString());
  }

  @Test
  void goesOnWithoutTheRecordAndReadsBackWhatItMissed() throws Exception {
    try (LiveDisk disk = record()) {
      assertThat(disk.awaitUser(write(disk), Limits.seconds(60))).as("nobody waits").isZero();
      final JsonNode full = recording.awaitState(disk, "gap");
      assertThat(full.get("reason").asText()).startsWith("writes go unrecorded since ");
      assertThat(full.at("/gaps/count").asLong()).isEqualTo(1);

      makeRoom();

      final JsonNode well = recording.awaitState(disk, "recording");
      assertThat(well.at("/gaps/blocks").asLong()).isPositive();
      disk.stopsCleanly();
    }
    checkTheRecord();
  }

  /** Neither the log of regions nor the ring forgets what was missed. */
  @Test
  void namesTheGapAfterAKill() throws Exception {
    try (LiveDisk disk = record()) {
      assertThat(disk.awaitUser(write(disk), Limits.seconds(60))).isZero();
      recording.awaitState(disk, "gap");
      disk.kill();
    }
    makeRoom();
    try (LiveDisk disk = record()) {
      recording.awaitState(disk, "recording");
      disk.stopsCleanly();
    }
    checkTheRecord();
  }

  @Test
  void makesWritesWaitOnceItIsToldTo() throws Exception {
    try (LiveDisk disk = record()) {
      assertThat(disk.awaitUser(write(disk), Limits.seconds(60))).isZero();
      recording.awaitState(disk, "gap");
      assertThat(set("block").shouldSucceed().out())
          .isEqualTo("when the spool is full, writes wait%n".formatted());
      final Process fio = write(disk);
      assertThat(Limits.await(Limits.seconds(2), () -> !fio.isAlive())).isFalse();

      makeRoom();

      assertThat(disk.awaitUser(fio, Limits.seconds(60))).isZero();
      disk.stopsCleanly();
    }
    checkTheRecord();
  }

  private LiveDisk record() {
    return recording.record(
        "--ring-size", "8M", "--spool-limit", "16M", "--on-full", "gap", "--stop-limit", "30s");
  }

  private Process write(final LiveDisk disk) throws IOException {
    return new Fio(scratch, disk.device())
        .with("rw=write", "bs=128k", "iodepth=8", "refill_buffers", "fsync=64", "thread")
        .start();
  }

  private Shell.Result set(final String onFull) {
    return Blockcam.runHere(
        "set", recording.name(), "--spool", recording.spool(), "--on-full", onFull);
  }

  private void makeRoom() throws IOException {
    Shell.run("mount", "-o", "remount,size=1G", archive.toString());
  }

  private void checkTheRecord() throws IOException {
    recording.latestShouldEqualTheDisk();
    assertThat(recording.verifies()).contains("gap from ", "no room");
    assertThat(recording.publishedEvents().events(Event.GAP))
        .isNotEmpty()
        .allMatch(gap -> gap.aux() == NO_ROOM);
    assertThat(recording.runHere("info", "--gaps").shouldSucceed().out())
        .containsPattern("\\d+ +\\d+ +[\\d.]+ [KM]iB +no room");
  }
}
