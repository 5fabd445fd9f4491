package io.blockcam.vmtests;

import static org.assertj.core.api.Assertions.assertThat;

import io.blockcam.vmtests.host.Blockcam;
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
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** One recorder ends and another goes on with its device, while it is in use. */
@Scenario
@Tag("test-host")
@Tag("own-host")
final class UpgradeTest {

  private static final int NO = 1;
  private static final int USAGE = 2;
  private static final int LEFT = 4;
  private static final int UPGRADES = 6;
  private static final Pattern WAITED =
      Pattern.compile("took over (\\S+) from process (\\d+); its users have waited for (\\d+) ms");

  @TempDir private Path scratch;

  /**
   * Its disk takes longer than it waits: it ends as if it were killed, and the next one goes on.
   */
  @Test
  void goesOnWhenTheOldOneCannotHandOver() throws Exception {
    final Recording recording = Recording.inDirectory(scratch, "slow", "32M");
    try (MappedDisk mapped = MappedDisk.over(scratch.resolve("image"), 32)) {
      Files.createSymbolicLink(recording.backing(), mapped.device());
      final long startNs = System.nanoTime();
      try (LiveDisk old = recording.record()) {
        final Duration start = Duration.ofNanos(System.nanoTime() - startNs);
        // Longer than the old one waits, however long the next one takes to ask.
        mapped.delayWrites(Duration.ofSeconds(10).plus(start.multipliedBy(2)));
        final Process user =
            new ProcessBuilder(
                    "dd",
                    "if=/dev/urandom",
                    "of=" + old.device(),
                    "bs=64k",
                    "count=1",
                    "oflag=direct")
                .start();
        assertThat(Limits.await(Limits.seconds(20), () -> mapped.writesDelayed() > 0)).isTrue();
        // As udev does, which looks at a device once its last writer has closed it.
        final Process udev =
            new ProcessBuilder("flock", "-s", mapped.device().toString(), "sleep", "2").start();
        try (LiveDisk next = recording.record("--take-over")) {
          assertThat(next.device()).isEqualTo(old.device());
          assertThat(next.err()).contains("did not hand over as it should");
          assertThat(next.awaitUser(user, Limits.seconds(120))).isZero();
          mapped.heal();
          next.stopsCleanly();
        }
        assertThat(old.awaitEnd()).isNotZero();
        assertThat(udev.waitFor()).isZero();
      }
      recording.latestShouldEqualTheDisk();
    }
    recording.verifies();
  }

  @Test
  void isNotSeenByTheUsersOfTheDisk() throws Exception {
    upgraded(Recording.inDirectory(scratch, "upgraded", "32M"), UPGRADES, 20, () -> {});
  }

  /** Each has to wait for what the disk has in its hands. */
  @Test
  @Tag("long")
  @Timeout(value = 30, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void isNotSeenByTheUsersOfASlowDisk() throws Exception {
    final Recording recording = Recording.inDirectory(scratch, "worn", "32M");
    try (MappedDisk mapped = MappedDisk.over(scratch.resolve("image"), 32)) {
      Files.createSymbolicLink(recording.backing(), mapped.device());
      upgraded(recording, 20, 120, () -> mapped.delayWrites(Duration.ofMillis(400)));
    }
  }

  private void upgraded(
      final Recording recording, final int upgrades, final int seconds, final Runnable beginning)
      throws Exception {
    final List<Long> waitedMs = new ArrayList<>();
    LiveDisk disk = recording.record("--queues", 2);
    try {
      beginning.run();
      final Path device = disk.device();
      final Process fio =
          new Fio(scratch, device)
              .with("rw=randwrite", "bssplit=4k/50:16k/25:64k/25", "iodepth=16")
              .with("verify=crc32c", "verify_backlog=64", "verify_fatal=1", "fsync=64")
              .with("time_based", "runtime=" + seconds)
              .start();
      for (int upgrade = 0; upgrade < upgrades; upgrade++) {
        final LiveDisk next = recording.record("--queues", 2, "--take-over");
        assertThat(disk.awaitEnd()).isEqualTo(LEFT);
        assertThat(next.device()).isEqualTo(device);
        final Matcher waited = WAITED.matcher(next.err());
        assertThat(waited.find()).as(next.describe()).isTrue();
        assertThat(waited.group(1)).isEqualTo(device.toString());
        assertThat(waited.group(2)).isEqualTo(Long.toString(disk.pid()));
        waitedMs.add(Long.parseLong(waited.group(3)));
        disk.close();
        disk = next;
      }
      assertThat(disk.awaitUser(fio, Limits.seconds(300))).as("fio's verdict").isZero();
      Blockcam.run("stop", recording.name(), "--spool", recording.spool()).shouldSucceed();
      assertThat(disk.awaitEnd()).isZero();
      assertThat(device).doesNotExist();
    } finally {
      disk.close();
    }
    System.out.println("users of the disk have waited, in ms: " + waitedMs);
    recording.latestShouldEqualTheDisk();
    // No epoch without an end, and nothing of unknown outcome: it says more than whole.
    assertThat(recording.runHere("verify").shouldSucceed().out())
        .doesNotContain("has no end", "gap from");
  }

  @Test
  @Tag("every-kernel")
  void canBeStoppedFromElsewhere() {
    final Recording recording = Recording.inDirectory(scratch, "stopped", "16M");
    Blockcam.run("stop", "stopped", "--spool", recording.spool()).shouldEndWith(NO);
    Blockcam.run("stop", "sto/pped").shouldEndWith(USAGE);
    try (LiveDisk disk = recording.record()) {
      Blockcam.run("stop", "stopped", "--spool", recording.spool(), "--keep-device")
          .shouldSucceed();
      assertThat(disk.awaitEnd()).isEqualTo(LEFT);
      assertThat(disk.device()).exists();
      assertThat(Blockcam.runHere("reap").shouldSucceed().out()).contains(disk.device().toString());
    }
    try (LiveDisk disk = recording.record("--take-over")) {
      assertThat(disk.err()).as("nobody is there to be asked").doesNotContain("took over");
      Shell.run("mkfifo", scratch.resolve("fifo").toString());
      for (final String wrong : List.of("no-such-disk", "fifo")) {
        assertThat(
                recording
                    .run(
                        "record",
                        "--backing",
                        scratch.resolve(wrong),
                        "--spool",
                        recording.spool(),
                        "--take-over")
                    .shouldEndWith(USAGE)
                    .err())
            .contains(wrong);
      }
      assertThat(disk.isRunning()).as("and goes on").isTrue();
      Blockcam.run("stop", "stopped", "--spool", recording.spool()).shouldSucceed();
      assertThat(disk.awaitEnd()).isZero();
      assertThat(disk.device()).doesNotExist();
    }
    recording.latestShouldEqualTheDisk();
  }

  /** Options that can not hold are told of while the other recorder still serves the disk. */
  @Test
  void isNotBegunWithOptionsThatCanNotHold() {
    final Recording recording = Recording.inDirectory(scratch, "refused", "16M");
    try (LiveDisk disk = recording.record()) {
      for (final List<String> wrong :
          List.of(
              List.of("--ring-size", "4K"),
              List.of("--seal-after", "0s"),
              List.of("--spool-limit", "64K"),
              List.of("--uploads", "0"))) {
        final Shell.Result result =
            recording
                .recordInVain("--take-over", wrong.getFirst(), wrong.getLast())
                .shouldEndWith(USAGE);
        assertThat(result.err()).contains(wrong.getFirst()).hasLineCount(1);
        assertThat(disk.isRunning()).as("after %s", wrong).isTrue();
      }
      disk.stopsCleanly();
    }
    recording.latestShouldEqualTheDisk();
  }
}
