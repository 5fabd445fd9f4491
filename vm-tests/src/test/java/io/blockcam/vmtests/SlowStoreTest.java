package io.blockcam.vmtests;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.blockcam.vmtests.host.Fio;
import io.blockcam.vmtests.host.Hdfs;
import io.blockcam.vmtests.host.Limits;
import io.blockcam.vmtests.host.LiveDisk;
import io.blockcam.vmtests.host.ProcessUse;
import io.blockcam.vmtests.host.Recording;
import io.blockcam.vmtests.host.Scenario;
import io.blockcam.vmtests.host.SlowLink;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Much more is written than the network carries to a real HDFS; ring and spool are small. */
@Scenario
@Tag("test-host")
@Tag("own-host")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class SlowStoreTest {

  /** Less than a tenth of what is written when nothing holds it up. */
  private static final long BYTES_PER_SECOND = 8 << 20;

  /** For more than a minute: what HDFS has to hold fits into the memory of a test host. */
  private static final long BYTES_PER_SECOND_FOR_LONG = 2 << 20;

  private static final Duration DRAINS = Limits.seconds(240);

  private static final int MOST_LOADS = 6;

  /** Between two looks: they cost the host's processors as much as the recorder does. */
  private static final long LOOK_NS = TimeUnit.SECONDS.toNanos(1);

  @TempDir private Path scratch;
  private Hdfs hdfs = new Hdfs(Path.of(""));

  @BeforeAll
  void startHdfs(@TempDir final Path dir) {
    hdfs = new Hdfs(dir);
    hdfs.start();
  }

  @AfterAll
  void stopHdfs() {
    hdfs.close();
  }

  @Test
  void makesWritesWait() throws Exception {
    makesWritesWait("block", Duration.ofSeconds(10));
  }

  @Test
  void recordsWhatItCan() throws Exception {
    recordsWhatItCan("gap", Duration.ofSeconds(10));
  }

  @Test
  @Tag("long")
  @Timeout(value = 45, unit = TimeUnit.MINUTES)
  void makesWritesWaitForMinutes() throws Exception {
    makesWritesWait("block-minute", Duration.ofMinutes(1));
    makesWritesWait("block-long", Duration.ofMinutes(10));
  }

  @Test
  @Tag("long")
  @Timeout(value = 45, unit = TimeUnit.MINUTES)
  void recordsWhatItCanForMinutes() throws Exception {
    recordsWhatItCan("gap-minute", Duration.ofMinutes(1));
    recordsWhatItCan("gap-long", Duration.ofMinutes(10));
  }

  private SlowLink link(final Duration load) throws IOException {
    final boolean isLong = load.compareTo(Duration.ofMinutes(1)) > 0;
    return new SlowLink(hdfs, isLong ? BYTES_PER_SECOND_FOR_LONG : BYTES_PER_SECOND);
  }

  private void makesWritesWait(final String name, final Duration load) throws Exception {
    try (SlowLink link = link(load)) {
      final Recording recording = Recording.at(link.uri() + "/slow", scratch, name, "64M");
      try (LiveDisk disk = record(recording, "block")) {
        final List<Reading> readings = loadUntil("blocked", recording, disk, load);
        assertThat(readings).extracting(Reading::state).contains("blocked").doesNotContain("gap");
        drain(recording, disk);
        disk.stopsCleanly();
      }
      recording.latestShouldEqualTheDisk();
      assertThat(recording.verifies()).doesNotContain("gap from");
    }
    hdfs.delete("/slow");
  }

  private void recordsWhatItCan(final String name, final Duration load) throws Exception {
    try (SlowLink link = link(load)) {
      final Recording recording = Recording.at(link.uri() + "/slow", scratch, name, "64M");
      try (LiveDisk disk = record(recording, "gap")) {
        final List<Reading> readings = loadUntil("gap", recording, disk, load);
        assertThat(readings).extracting(Reading::state).contains("gap");
        final JsonNode status = drain(recording, disk);
        assertThat(status.at("/gaps/count").asLong()).isPositive();
        assertThat(status.at("/gaps/since").isNull()).isTrue();
        disk.stopsCleanly();
      }
      recording.latestShouldEqualTheDisk();
      assertThat(recording.verifies()).contains("gap from", "no room");
    }
    hdfs.delete("/slow");
  }

  /**
   * What a machine does all day: reads, writes, flushes and discards, less than the network
   * carries, and now and then no network.
   */
  @Test
  @Tag("long")
  @Timeout(value = 45, unit = TimeUnit.MINUTES)
  void doesNotGrowInHalfAnHour() throws Exception {
    try (SlowLink link = new SlowLink(hdfs, BYTES_PER_SECOND)) {
      final Recording recording = Recording.at(link.uri() + "/day", scratch, "day", "256M");
      try (LiveDisk disk =
          recording.record("--ring-size", "16M", "--spool-limit", "128M", "--compress", "always")) {
        final Process fio =
            new Fio(scratch, disk.device())
                .with("rw=randrw", "rwmixread=50", "bssplit=4k/60:16k/30:64k/10", "iodepth=4")
                .with("thread", "refill_buffers", "buffer_compress_percentage=80", "fsync=100")
                .with("norandommap", "rate_iops=60", "time_based", "runtime=30m")
                .with("name=trim", "filename=" + disk.device(), "rw=randtrim", "bs=1M")
                .with("thread", "norandommap", "rate_iops=1", "time_based", "runtime=30m")
                .start();
        final List<ProcessUse> uses = new ArrayList<>();
        while (!fio.waitFor(20, TimeUnit.SECONDS)) {
          uses.add(ProcessUse.of(disk.pid()));
          if (uses.size() % 15 == 0) {
            link.cut();
          } else {
            link.mend();
          }
        }
        link.mend();
        assertThat(fio.exitValue()).as("no request fails").isZero();
        ProcessUse.mustStayFlat(uses);
        drain(recording, disk);
        disk.stopsCleanly();
      }
      recording.latestShouldEqualTheDisk();
      recording.verifies();
    }
  }

  @Test
  void goesOnThroughAnOutage() throws Exception {
    outlivesAnOutage("gap", "gap");
  }

  @Test
  @Tag("long")
  void waitsForTheEndOfAnOutage() throws Exception {
    outlivesAnOutage("block", "blocked");
  }

  /** The network is away for longer than ring and spool last. */
  private void outlivesAnOutage(final String onFull, final String state) throws Exception {
    try (SlowLink link = new SlowLink(hdfs, 10 * BYTES_PER_SECOND)) {
      final Recording recording =
          Recording.at(link.uri() + "/away", scratch, "away-" + onFull, "64M");
      try (LiveDisk disk = record(recording, onFull)) {
        link.cut();
        final Process fio = fio(disk, "size=64M", "rw=write");
        recording.awaitState(disk, state);
        link.mend();
        assertThat(disk.awaitUser(fio, Limits.seconds(120))).isZero();
        drain(recording, disk);
        disk.stopsCleanly();
      }
      recording.latestShouldEqualTheDisk();
    }
  }

  private static LiveDisk record(final Recording recording, final String onFull) {
    return recording.record("--ring-size", "8M", "--spool-limit", "24M", "--on-full", onFull);
  }

  /** What the recorder tells of itself, and what it holds. */
  private record Reading(String state, ProcessUse use) {}

  /** Once, and again where the machine was too slow to fill the spool by then. */
  private List<Reading> loadUntil(
      final String state, final Recording recording, final LiveDisk disk, final Duration load)
      throws Exception {
    final List<Reading> readings = new ArrayList<>();
    for (int i = 0;
        i < MOST_LOADS && readings.stream().noneMatch(r -> r.state.equals(state));
        i++) {
      readings.addAll(load(recording, disk, load));
    }
    return readings;
  }

  /** Writes and reads as fast as it goes; the recorder answers all the time, and does not grow. */
  private List<Reading> load(final Recording recording, final LiveDisk disk, final Duration load)
      throws Exception {
    final List<Reading> readings = new ArrayList<>();
    final String runtime = "runtime=%ds".formatted(load.toSeconds());
    final Process fio =
        fio(disk, "rw=randrw", "rwmixread=30", "norandommap", "time_based", runtime);
    while (!fio.waitFor(2, TimeUnit.SECONDS)) {
      readings.add(reading(recording, disk));
    }
    assertThat(fio.exitValue()).as("no request fails").isZero();
    ProcessUse.mustStayFlat(readings.stream().map(Reading::use).toList());
    return readings;
  }

  private Process fio(final LiveDisk disk, final String... more) throws IOException {
    return new Fio(scratch, disk.device())
        .with("bssplit=4k/50:64k/50", "iodepth=8", "thread", "refill_buffers", "fsync=200")
        .with(more)
        .start();
  }

  private static Reading reading(final Recording recording, final LiveDisk disk)
      throws IOException {
    return new Reading(recording.status().get("state").asText(), ProcessUse.of(disk.pid()));
  }

  /** Everything is published and read back. */
  private static JsonNode drain(final Recording recording, final LiveDisk disk) {
    assertThat(
            Limits.await(
                DRAINS,
                () -> {
                  LockSupport.parkNanos(LOOK_NS);
                  final JsonNode status = recording.status();
                  return status.get("state").asText().equals("recording")
                      && status.at("/backlog/bytes").asLong() == 0;
                }))
        .as(disk::describe)
        .isTrue();
    return recording.status();
  }
}
