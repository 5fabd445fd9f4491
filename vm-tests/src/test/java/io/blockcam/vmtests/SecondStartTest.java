package io.blockcam.vmtests;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.blockcam.vmtests.host.BlockDevice;
import io.blockcam.vmtests.host.Blockcam;
import io.blockcam.vmtests.host.LiveDisk;
import io.blockcam.vmtests.host.Recording;
import io.blockcam.vmtests.host.Scenario;
import io.blockcam.vmtests.record.Event;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A recording goes on where it stopped, and tells what it covers. */
@Scenario
@Tag("test-host")
class SecondStartTest {

  @TempDir private Path scratch;

  @Test
  void continuesAsANewEpochAndTellsBoth() {
    final Recording recording = Recording.inDirectory(scratch, "disk", "32M");
    final Random random = new Random(7);
    write(recording, 0, random);
    final Path diskBetween = recording.copyOfDisk();
    final long lastOfFirst = recording.published().events().getLast().sequence();
    write(recording, 64 << 10, random);

    recording.latestShouldEqualTheDisk();
    recording.verifies();
    Recording.isEqual(recording.replay("seq:" + lastOfFirst), diskBetween);

    final List<Event> events = recording.published().events();
    final List<Event> starts = recording.published().events(Event.START);
    assertThat(starts).as("starts").hasSize(2);
    assertThat(starts.get(1).sequence()).isEqualTo(lastOfFirst + 1);
    assertThat(starts.get(1).segment().epoch()).isEqualTo(starts.get(0).segment().epoch() + 1);
    assertThat(recording.published().events(Event.STOP)).as("clean ends").hasSize(2);
    assertThat(events.getLast().kind()).isEqualTo(Event.STOP);

    final JsonNode info = Blockcam.json(recording.arguments("info", List.of("--json")));
    assertThat(info.path("epochs")).as("epochs in %s", info).hasSize(2);
    for (int i = 0; i < 2; i++) {
      final JsonNode epoch = info.path("epochs").path(i);
      assertThat(epoch.path("epoch").asLong()).isEqualTo(starts.get(i).segment().epoch());
      assertThat(epoch.path("firstSequence").asLong()).isEqualTo(starts.get(i).sequence());
      assertThat(epoch.path("stoppedCleanly").asBoolean()).isTrue();
    }
    assertThat(info.path("last").path("sequence").asLong()).isEqualTo(events.getLast().sequence());
    assertThat(info.path("records").asLong()).isEqualTo(events.size());
    assertThat(info.path("segments").asLong()).isEqualTo(recording.published().segments().size());
    infoTablesHoldTheFactsOf(info, recording);
    write(Recording.at(recording.archiveUri(), scratch, "a-long-name", "1M"), 0, random);
    listTableHoldsTheFactsOf(recording);
  }

  private static void infoTablesHoldTheFactsOf(final JsonNode info, final Recording recording) {
    final String text = recording.run("info").shouldSucceed().out();
    final String[] tables = text.split("\n\n");
    assertThat(tables).as("facts and epochs in%n%s", text).hasSize(2);
    assertValuesLineUp(tables[0]);
    final List<List<String>> epochs = assertLinesUp(tables[1]);
    assertThat(epochs).as("header and one row for each epoch in%n%s", text).hasSize(3);
    for (final String fact : List.of("name", "id", "diskBytes", "created", "host", "records")) {
      assertThat(tables[0]).contains(info.path(fact).asText());
    }
    for (final String end : List.of("first", "last")) {
      assertThat(tables[0])
          .contains(info.path(end).path("time").asText(), info.path(end).path("sequence").asText());
    }
    info.path("recordsByKind")
        .properties()
        .forEach(k -> assertThat(tables[0]).contains(k.getValue() + " " + k.getKey()));
    for (int i = 0; i < 2; i++) {
      for (final String fact :
          List.of(
              "epoch", "first", "last", "firstSequence", "lastSequence", "segments", "records")) {
        assertThat(epochs.get(i + 1))
            .as("%s of epoch %d", fact, i)
            .contains(info.path("epochs").path(i).path(fact).asText());
      }
    }
  }

  private static void listTableHoldsTheFactsOf(final Recording recording) {
    final JsonNode list = Blockcam.json("list", "--archive", recording.archiveUri(), "--json");
    final List<List<String>> rows =
        assertLinesUp(
            Blockcam.run("list", "--archive", recording.archiveUri()).shouldSucceed().out());
    assertThat(list).hasSize(2);
    assertThat(rows).as("header and one row for each recording").hasSize(3);
    for (int i = 0; i < 2; i++) {
      final JsonNode json = list.path(i);
      assertThat(rows.get(i + 1))
          .contains(
              json.path("name").asText(),
              json.path("created").asText(),
              json.path("last").path("time").asText(),
              Integer.toString(json.path("epochs").size()),
              json.path("segments").asText());
    }
  }

  /** Fails unless every value begins in the same column, two blanks or more behind its label. */
  private static void assertValuesLineUp(final String table) {
    assertThat(table.lines().map(line -> line.replaceFirst(" {2,}", "$0|").indexOf('|')))
        .as("where values begin in%n%s", table)
        .doesNotContain(-1)
        .containsOnly(
            table.lines().findFirst().orElseThrow().replaceFirst(" {2,}", "$0|").indexOf('|'));
  }

  /**
   * Fails unless the rows of a table have their columns one below the other: what separates them is
   * blank in every row, and there are as many as the first row names.
   *
   * @return the cells
   */
  private static List<List<String>> assertLinesUp(final String table) {
    final List<String> lines = table.lines().toList();
    final int width = lines.stream().mapToInt(String::length).max().orElse(0);
    final BitSet used = new BitSet();
    for (final String line : lines) {
      for (int i = 0; i < line.length(); i++) {
        if (line.charAt(i) != ' ') {
          used.set(i);
        }
      }
    }
    final List<int[]> spans = new ArrayList<>();
    for (int from = used.nextSetBit(0); from >= 0; ) {
      int to = used.nextClearBit(from);
      // One blank column may be a space in all cells; two part the columns.
      while (to + 1 < width && used.get(to + 1)) {
        to = used.nextClearBit(to + 1);
      }
      spans.add(new int[] {from, to});
      from = used.nextSetBit(to);
    }
    assertThat(spans)
        .as("columns of%n%s", table)
        .hasSize(lines.getFirst().strip().split(" {2,}").length);
    return lines.stream()
        .map(
            line ->
                spans.stream()
                    .map(
                        s ->
                            line.substring(
                                    Math.min(s[0], line.length()), Math.min(s[1], line.length()))
                                .strip())
                    .toList())
        .toList();
  }

  private static void write(final Recording recording, final long offset, final Random random) {
    final byte[] data = new byte[128 << 10];
    random.nextBytes(data);
    try (LiveDisk disk = recording.record()) {
      try (BlockDevice device = new BlockDevice(disk.device())) {
        device.write(offset, data);
        device.flush();
      }
      disk.stopsCleanly();
    }
  }
}
