package io.blockcam.capture;

import static org.assertj.core.api.Assertions.assertThat;

import io.blockcam.archive.record.RecordFlags;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.capture.disk.Backing;
import io.blockcam.capture.spool.Spool;
import io.blockcam.capture.support.KillVictim;
import io.blockcam.capture.support.TestRecord;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Design rule 2: what was acknowledged is in the record, across SIGKILL at any instant. */
@Timeout(600)
final class KilledProcessTest {
  private static final int KILLS = Integer.getInteger("blockcam.kills", 4);

  @TempDir Path directory;

  @Test
  void whatAKilledRecorderAcknowledgedIsInTheRecord() throws Exception {
    final Random random = new Random(1);
    for (int run = 0; run < KILLS; run++) {
      final Path acknowledged = directory.resolve("acknowledged-" + run);
      kill(acknowledged, run, random.nextInt(200));
      final List<TestRecord> records = takeUp(run);
      check(records, KillVictim.map(acknowledged), run);
    }
  }

  private void kill(final Path acknowledged, final int run, final int afterMs)
      throws IOException, InterruptedException {
    final List<String> command = new ArrayList<>();
    command.add(ProcessHandle.current().info().command().orElseThrow());
    command.add("-Xmx128m");
    command.add("--enable-native-access=ALL-UNNAMED");
    command.add("-cp");
    command.add(System.getProperty("java.class.path"));
    command.add(KillVictim.class.getName());
    command.add(directory.resolve("spool").toString());
    command.add(directory.resolve("ring").toString());
    command.add(acknowledged.toString());
    command.add(Integer.toString(run));
    final Process victim =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    try (BufferedReader out =
        new BufferedReader(
            new InputStreamReader(victim.getInputStream(), StandardCharsets.UTF_8))) {
      String line = out.readLine();
      while (line != null && !line.equals("recording")) {
        line = out.readLine();
      }
      assertThat(line).isEqualTo("recording");
      assertThat(victim.waitFor(afterMs, TimeUnit.MILLISECONDS)).isFalse();
    } finally {
      victim.destroyForcibly().waitFor(); // SIGKILL
    }
  }

  /** Starts again, stops, and reads the records of the epoch that was killed. */
  private List<TestRecord> takeUp(final int run) throws IOException {
    try (Spool spool = Spool.open(directory.resolve("spool"), KillVictim.DISK, 1L << 40)) {
      final Path ringFile = directory.resolve("ring");
      assertThat(Files.exists(ringFile)).isTrue();
      final Capture capture =
          Capture.start(
              spool, KillVictim.options(ringFile), Backing.unwritten(KillVictim::readZeroes));
      assertThat(capture.status().epoch()).isEqualTo(2L * run + 1);
      assertThat(capture.stop(Duration.ofSeconds(60))).isTrue();
      final List<TestRecord> records = TestRecord.ofSegments(spool.sealed());
      for (final Path segment : spool.sealed()) {
        spool.remove(segment, TestRecord.ANY_DIGEST);
      }
      return records;
    }
  }

  private static void check(
      final List<TestRecord> records, final MemorySegment acknowledged, final int run) {
    final List<Set<Integer>> known = List.of(new HashSet<>(), new HashSet<>());
    final int[] newest = {-1, -1};
    for (int i = 0; i < records.size(); i++) {
      final TestRecord record = records.get(i);
      assertThat(record.sequence()).isEqualTo(records.getFirst().sequence() + i);
      assertThat(record.timestampNs())
          .isGreaterThanOrEqualTo(records.get(Math.max(i - 1, 0)).timestampNs());
      if (record.kind() == RecordKind.DATA && record.has(RecordFlags.FIRST)) {
        final int sector = Integer.numberOfTrailingZeros(record.sectorMask());
        final long stamp = at(record, sector * 512L);
        final int queue = (int) (stamp >>> 56);
        final int write = (int) (stamp >>> 8);
        assertThat(write).as("order of queue %d", queue).isEqualTo(++newest[queue]);
        checkWhole(records, i, queue, write, sector * 512);
        if (!record.has(RecordFlags.UNKNOWN_OUTCOME)) {
          known.get(queue).add(write);
        }
      }
    }
    int found = 0;
    for (int queue = 0; queue < KillVictim.QUEUES; queue++) {
      for (int write = 0; write < KillVictim.MAX_WRITES; write++) {
        final long at = (long) queue * KillVictim.MAX_WRITES + write;
        if (acknowledged.get(ValueLayout.JAVA_BYTE, at) != 0) {
          found++;
          assertThat(known.get(queue)).as("acknowledged by queue %d", queue).contains(write);
        }
      }
    }
    assertThat(found).as("acknowledged writes of run %d", run).isPositive();
  }

  /** Every block of the write, at its first and its last 8 bytes. */
  private static void checkWhole(
      final List<TestRecord> records,
      final int first,
      final int queue,
      final int write,
      final int skewBytes) {
    for (int block = 0; block < KillVictim.blocks(write); block++) {
      final long stamp = KillVictim.stamp(queue, write, block);
      final int end = skewBytes + 4088;
      assertThat(at(records.get(first + block), skewBytes)).isEqualTo(stamp);
      assertThat(at(records.get(first + block + end / 4096), end % 4096)).isEqualTo(stamp);
    }
  }

  private static long at(final TestRecord record, final long offset) {
    return MemorySegment.ofArray(record.payload()).get(ValueLayout.JAVA_LONG_UNALIGNED, offset);
  }
}
