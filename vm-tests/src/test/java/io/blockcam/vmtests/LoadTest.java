package io.blockcam.vmtests;

import static org.assertj.core.api.Assertions.assertThat;

import io.blockcam.vmtests.host.Fio;
import io.blockcam.vmtests.host.LiveDisk;
import io.blockcam.vmtests.host.Recording;
import io.blockcam.vmtests.host.Scenario;
import io.blockcam.vmtests.record.Event;
import io.blockcam.vmtests.record.PublishedRecording;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Under load the disk keeps its data, and the record stays equal to the disk. */
@Scenario
@Tag("test-host")
@Tag("own-host")
class LoadTest {

  @TempDir private Path scratch;

  @Test
  void latestEqualsTheDiskAfterLargeAndSmallWritesOnTwoQueues() {
    final Recording recording = Recording.inDirectory(scratch, "mixed", "64M");
    try (LiveDisk disk = recording.record("--queues", 2)) {
      fio(disk, "bssplit=4k/40:8k/20:16k/15:64k/15:128k/5:256k/5", "size=24M");
      disk.stopsCleanly();
    }
    recording.latestShouldEqualTheDisk();
    recording.verifies();
    Recording.holds(recording.backing(), recording.published().lastDisk());
  }

  @Test
  void latestEqualsTheDiskAfterWritesAlignedToSectorsOnly() {
    final Recording recording = Recording.inDirectory(scratch, "sectors", "32M");
    try (LiveDisk disk = recording.record("--queues", 2)) {
      fio(disk, "bsrange=512-64k", "blockalign=512", "size=8M");
      disk.stopsCleanly();
    }
    recording.latestShouldEqualTheDisk();
    recording.verifies();
    final PublishedRecording published = recording.published();
    Recording.holds(recording.backing(), published.lastDisk());
    assertThat(published.events(Event.DATA))
        .as("records of parts of blocks")
        .anyMatch(e -> e.sectorMask() != Event.WHOLE_BLOCK);
  }

  /**
   * The ring is always full, the discards are too big for the table of ranges: every reason to
   * wait, for ten minutes. As many queues as the host has CPUs, at most four.
   */
  @Test
  @Tag("long")
  @Timeout(value = 25, unit = TimeUnit.MINUTES)
  void noRequestWaitsForFiveSecondsAndNothingSpinsAfterwards() throws Exception {
    final Recording recording = Recording.inDirectory(scratch, "busy", "1G");
    final int queues = Math.min(4, Runtime.getRuntime().availableProcessors());
    final int minutes = 10;
    try (LiveDisk disk =
        recording.record("--queues", queues, "--ring-size", "2M", "--request-limit", "5s")) {
      final String runtime = "runtime=%dm".formatted(minutes);
      new Fio(scratch, disk.device())
          .with("rw=randwrite", "bssplit=4k/60:64k/30:512k/10", "iodepth=32", "rate_iops=400")
          .with("numjobs=2", "buffer_pattern=0x6b", "time_based", runtime)
          .with("name=discards", "rw=randtrim", "bs=32M", "iodepth=2", "rate_iops=4")
          .with("time_based", runtime)
          .run(Duration.ofMinutes(minutes + 5));
      assertThat(disk.err()).as(disk::describe).doesNotContain("no answer for");

      final long before = cpuTicks(disk.pid());
      Thread.sleep(Duration.ofSeconds(20));
      assertThat(cpuTicks(disk.pid()) - before).as("ticks of 10 ms in 20 s").isLessThan(10);
      disk.stopsCleanly();
    }
    recording.latestShouldEqualTheDisk();
    recording.verifies();
  }

  /** utime and stime, fields 14 and 15 of proc_pid_stat(5). */
  private static long cpuTicks(final long pid) throws IOException {
    final String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
    final String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
    return Long.parseLong(fields[11]) + Long.parseLong(fields[12]);
  }

  /** Two jobs, each on its half and its CPU, so that both queues have 32 requests in flight. */
  private void fio(final LiveDisk disk, final String... options) {
    new Fio(scratch, disk.device())
        .with("rw=randrw", "rwmixread=30", "iodepth=32", "thread", "numjobs=2")
        .with("offset_increment=50%", "cpus_allowed=0-1", "cpus_allowed_policy=split")
        .with("verify=crc32c", "verify_fatal=1", "do_verify=1")
        .with(options)
        .run();
  }

  @Test
  void latestEqualsTheDiskAfterWritesThatOverlapInFlight() {
    final Recording recording = Recording.inDirectory(scratch, "overlap", "16M");
    try (LiveDisk disk = recording.record("--queues", 2)) {
      new Fio(scratch, disk.device())
          .with("rw=randwrite", "iodepth=16", "thread", "numjobs=6", "norandommap")
          .with("refill_buffers", "randrepeat=0", "serialize_overlap=0")
          .with("bsrange=512-128k", "blockalign=512", "size=2M", "io_size=8M")
          .with("name=trim", "filename=" + disk.device(), "direct=1")
          .with("rw=randtrim", "iodepth=1", "numjobs=1", "thread", "norandommap")
          .with("bsrange=4k-64k", "blockalign=4k", "size=2M", "io_size=2M")
          .run();
      disk.stopsCleanly();
    }
    recording.latestShouldEqualTheDisk();
    recording.verifies();
    final PublishedRecording published = recording.published();
    Recording.holds(recording.backing(), published.lastDisk());
    assertThat(published.events(Event.DISCARD)).isNotEmpty();
  }
}
