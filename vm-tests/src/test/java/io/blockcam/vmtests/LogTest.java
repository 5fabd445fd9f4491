package io.blockcam.vmtests;

import static org.assertj.core.api.Assertions.assertThat;

import io.blockcam.vmtests.host.Blockcam;
import io.blockcam.vmtests.host.Shell;
import io.blockcam.vmtests.record.Event;
import io.blockcam.vmtests.record.MadeUpRecording;
import io.blockcam.vmtests.record.PublishedRecording;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** {@code blockcam log} says what our own reader finds. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class LogTest {

  private static final int USAGE = 2;
  private static final int SEGMENTS = 3;
  private static final int BLOCKS_OF_EACH = 8;

  private Path dir = Path.of("");
  private List<Event> events = List.of();

  @BeforeAll
  void record(@TempDir final Path scratch) throws IOException, InterruptedException {
    dir = scratch;
    MadeUpRecording.make(dir, "disk", 16 << 20, SEGMENTS, BLOCKS_OF_EACH << 12);
    events = PublishedRecording.read(dir.resolve("archive/disk")).events();
  }

  private Shell.Result run(final Object... more) {
    final List<Object> arguments = new ArrayList<>();
    arguments.addAll(List.of("log", "--archive", dir.resolve("archive").toUri(), "--name", "disk"));
    arguments.addAll(List.of(more));
    return Blockcam.runHere(arguments.toArray());
  }

  private String log(final Object... more) {
    return run(more).shouldSucceed().out();
  }

  private String refusal(final Object... more) {
    final Shell.Result result = run(more);
    result.shouldEndWith(USAGE);
    return result.err();
  }

  @Test
  void tellsEveryRecordAsCsv() {
    final List<String> lines = log("--format", "csv").lines().toList();
    assertThat(lines.getFirst())
        .isEqualTo("sequence,epoch,time,kind,block,blocks,sectors,flags,reason,mark");
    assertThat(lines).hasSize(1 + events.size());
    for (int i = 0; i < events.size(); i++) {
      assertThat(lines.get(i + 1)).startsWith(events.get(i).sequence() + ",0,");
    }
    assertThat(lines.get(1)).contains(",start,,,,");
    assertThat(lines.get(2)).contains(",data,256,1,,first,");
  }

  @Test
  void tellsOnlyWhatIsAskedFor() {
    assertThat(log("--kind", "data", "--format", "json").lines())
        .hasSize(SEGMENTS * BLOCKS_OF_EACH)
        .allMatch(line -> line.contains("\"kind\":\"data\""));
    assertThat(log("--from", "seq:0", "--until", "seq:2").lines())
        .hasSize(3)
        .noneMatch(line -> line.contains("start"));
  }

  @Test
  void makesALogOfWhichTheKernelsToolMakesTheDisk() throws IOException {
    final Path file = dir.resolve("disk.log");
    assertThat(log("--format", "log-writes", "--to", file)).contains("6 entries");
    final ByteBuffer log = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    final byte[] disk = new byte[16 << 20];
    int at = 512;
    for (long i = 0; i < log.getLong(16); i++) {
      final int bytes = (int) log.getLong(at + 8) * 512;
      log.get(at + 512, disk, (int) log.getLong(at) * 512, bytes);
      at += 512 + bytes;
    }
    assertThat(disk).isEqualTo(Files.readAllBytes(dir.resolve("disk.disk")));
    assertThat(refusal("--format", "log-writes", "--to", file)).contains("exists");
  }

  @Test
  void refusesWhatItCannotDo() {
    assertThat(refusal("--format", "log-writes")).contains("needs --to FILE");
    assertThat(refusal("--to", dir.resolve("x"))).contains("needs --to FILE");
    assertThat(refusal("--kind", "water")).contains("'water' is no kind of record");
    assertThat(refusal("--format", "xml")).contains("xml");
    assertThat(refusal("--until", "seq:99")).contains("--until: seq:99 is not recorded");
    assertThat(dir.resolve("x")).doesNotExist();
  }
}
