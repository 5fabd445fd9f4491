package io.blockcam.vmtests;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.blockcam.vmtests.host.BlockDevice;
import io.blockcam.vmtests.host.Blockcam;
import io.blockcam.vmtests.host.Checkout;
import io.blockcam.vmtests.host.Fio;
import io.blockcam.vmtests.host.Limits;
import io.blockcam.vmtests.host.LiveDisk;
import io.blockcam.vmtests.host.MappedDisk;
import io.blockcam.vmtests.host.Mount;
import io.blockcam.vmtests.host.Recording;
import io.blockcam.vmtests.host.Scenario;
import io.blockcam.vmtests.host.Shell;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A recorder tells what it does, whatever it is at. */
@Scenario
@Tag("test-host")
final class StatusTest {
  private static final int NO = 1;
  private static final int USAGE = 2;
  private static final int ENVIRONMENT = 3;

  @TempDir private Path scratch;

  @Test
  void tellsThatAllIsWell() throws IOException {
    final Recording recording = Recording.inDirectory(scratch, "well", "16M");
    try (LiveDisk disk = recording.record()) {
      try (BlockDevice device = new BlockDevice(disk.device())) {
        device.writeDurably(0, new byte[4096]);
      }
      assertThat(Limits.await(Limits.seconds(30), () -> published(recording) > 1))
          .as("what was written is published")
          .isTrue();
      final JsonNode status = recording.status();
      assertThat(status.get("state").asText()).isEqualTo("recording");
      assertThat(status.get("device").asText()).isEqualTo(disk.device().toString());
      assertThat(status.get("pid").asLong()).isEqualTo(disk.pid());
      assertThat(status.at("/backlog/bytes").asLong()).isZero();
      assertThat(Blockcam.runHere("status", "--spool", recording.spool()).shouldSucceed().out())
          .contains("state      recording\n")
          .contains("device     " + disk.device());
      assertThat(
              Shell.execute(
                      Limits.seconds(60),
                      "setpriv",
                      "--reuid=65534",
                      "--clear-groups",
                      Checkout.file("bin/blockcam").toString(),
                      "status",
                      "--spool",
                      recording.spool().toString())
                  .shouldEndWith(ENVIRONMENT)
                  .err())
          .as("to somebody else")
          .contains("only the recorder's own user and root may ask it");
      disk.stopsCleanly();
    }
    assertThat(
            Blockcam.runHere("status", "well", "--spool", recording.spool())
                .shouldEndWith(NO)
                .err())
        .isEqualTo(
            "blockcam: no recorder of 'well' runs with the spool %s%n"
                .formatted(recording.spool()));
  }

  /**
   * The archive is away until ring and spool are full: writes wait, reads do not, and it says so.
   */
  @Test
  void tellsWhatWritesWaitFor() throws Exception {
    // Nobody listens there: port 9 is that of discard.
    final Recording recording = Recording.at("webhdfs://127.0.0.1:9/away", scratch, "away", "64M");
    try (LiveDisk disk =
        recording.record("--ring-size", "8M", "--spool-limit", "16M", "--stop-limit", "1s")) {
      recording.awaitState(disk, "behind");
      assertThat(recording.status().get("reason").asText()).contains("127.0.0.1:9");
      final Process fio =
          new Fio(scratch, disk.device())
              .with("rw=write", "bs=128k", "iodepth=8", "refill_buffers", "thread")
              .start();
      recording.awaitState(disk, "blocked");
      final JsonNode status = recording.status();
      assertThat(status.get("reason").asText()).startsWith("the spool is full: ");
      assertThat(status.at("/spool/usedBytes").asLong()).isGreaterThan(14 << 20);
      assertThat(status.at("/archive/failures").asLong()).isPositive();
      assertThat(status.at("/archive/failingSince").asText()).isNotEmpty();
      assertThat(fio.isAlive()).as("its writes wait").isTrue();
      Shell.run("dd", "if=" + disk.device(), "of=/dev/null", "bs=4k", "count=1", "iflag=direct");
      assertThat(set(recording, "100K").shouldEndWith(USAGE).err())
          .contains("does not hold one write; give it at least");
      assertThat(set(recording, "1G").shouldSucceed().out())
          .isEqualTo("the spool may take 1.00 GiB%n".formatted());
      assertThat(disk.awaitUser(fio, Limits.seconds(60))).as("its writes go on").isZero();
      recording.awaitState(disk, "behind");
      disk.stop();
    }
  }

  /** The spool's disk is slow, and what a killed recorder has left takes its time. */
  @Test
  void tellsThatItStarts() throws Exception {
    final Recording recording = Recording.inDirectory(scratch, "starts", "16M");
    try (MappedDisk mapped = MappedDisk.over(scratch.resolve("image"), 64)) {
      Shell.run("mkfs.ext4", "-q", mapped.device().toString());
      try (Mount mount = Mount.device(mapped.device(), scratch.resolve("mount"))) {
        Files.createSymbolicLink(
            recording.spool(), Files.createDirectory(mount.dir().resolve("spool")));
        try (LiveDisk disk = recording.record()) {
          try (BlockDevice device = new BlockDevice(disk.device())) {
            device.writeDurably(0, new byte[4096]);
          }
          disk.kill();
        }
        mapped.delayWrites(Duration.ofMillis(500));
        final CompletableFuture<LiveDisk> start =
            CompletableFuture.supplyAsync(() -> recording.record());
        assertThat(Limits.await(Limits.seconds(60), () -> state(recording).equals("starting")))
            .as("while it starts")
            .isTrue();
        mapped.heal();
        try (LiveDisk disk = start.get()) {
          recording.awaitState(disk, "recording");
          disk.stopsCleanly();
        }
      }
    }
  }

  /** Empty when nobody answers. */
  private static String state(final Recording recording) throws UncheckedIOException {
    final Shell.Result result = Blockcam.runHere("status", "--spool", recording.spool(), "--json");
    try {
      return result.status() == 0
          ? new ObjectMapper().readTree(result.out()).get("state").asText()
          : "";
    } catch (final IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Shell.Result set(final Recording recording, final String limit) {
    return Blockcam.runHere(
        "set", recording.name(), "--spool", recording.spool(), "--spool-limit", limit);
  }

  private static long published(final Recording recording) {
    return recording.status().at("/archive/publishedSegments").asLong();
  }
}
