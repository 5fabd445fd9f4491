package io.blockcam.replay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blockcam.archive.head.HeadJson;
import io.blockcam.archive.head.RecordingHead;
import io.blockcam.archive.head.RecordingSummary;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.archive.segment.SegmentException;
import io.blockcam.history.CountingStore;
import io.blockcam.history.RecordingInfo;
import io.blockcam.history.RecordingReader;
import io.blockcam.history.Segment;
import io.blockcam.history.SyntheticArchive;
import io.blockcam.history.TestRecording;
import io.blockcam.store.ObjectStore;
import io.blockcam.store.Stores;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a reader takes from the head of a recording, and what it sees by it. */
final class HeadTest {

  private static final int SEGMENTS = 6;

  @TempDir private Path root;
  private TestRecording recording;
  private ObjectStore store;
  private RecordingReader reader;

  @BeforeEach
  void record() throws IOException {
    recording = new TestRecording(root, 1 << 20);
    for (int i = 0; i < SEGMENTS; i++) {
      recording.point(i == 0 ? RecordKind.START : RecordKind.FLUSH);
      recording.seal();
    }
    store = recording.store();
    reader = RecordingReader.open(store, TestRecording.NAME);
  }

  @AfterEach
  void close() throws IOException {
    store.close();
  }

  /** The head as it was after so many segments. */
  private RecordingHead headAfter(final int segments) throws IOException {
    RecordingSummary summary = RecordingSummary.EMPTY;
    final List<Segment> all = reader.segments().subList(0, segments);
    for (final Segment segment : all) {
      summary = summary.plus(segment.trailer(), segment.reader().records());
    }
    return new RecordingHead(
        TestRecording.ID, segments - 1, all.getLast().trailer().digest(), summary);
  }

  private Path publish(final RecordingHead head) throws IOException {
    final Path file =
        Files.createDirectories(root.resolve(TestRecording.NAME).resolve("heads"))
            .resolve(head.fileName());
    return Files.write(file, HeadJson.write(head));
  }

  private List<String> findings() throws IOException {
    final List<String> findings = new ArrayList<>();
    new Verifier(reader).run(findings::add, (done, total) -> {});
    return findings;
  }

  private RecordingSummary info() throws IOException {
    return RecordingInfo.read(reader, (done, total) -> {}).summary();
  }

  @Test
  void saysWhatTheSegmentsSay() throws IOException {
    final RecordingSummary counted = info();
    publish(headAfter(SEGMENTS));
    final List<Long> progress = new ArrayList<>();
    assertThat(RecordingInfo.read(reader, (done, total) -> progress.add(done)).summary())
        .isEqualTo(counted);
    assertThat(progress).as("nothing was read for it").isEmpty();
    assertThat(findings()).isEmpty();
  }

  @Test
  void costsTheSameHoweverLongTheRecording() throws IOException {
    SyntheticArchive.make(root.resolve("short"), 1L << 40, 10, 4);
    SyntheticArchive.make(root.resolve("long"), 1L << 40, 300, 4);
    assertThat(callsOfInfo(root.resolve("long"))).isEqualTo(callsOfInfo(root.resolve("short")));
  }

  /** Of the log what is asked for is read, and a few trailers to find it. */
  @Test
  void readsOfALongLogWhatIsAskedFor() throws IOException {
    SyntheticArchive.make(root.resolve("long"), 1L << 40, 300, 4);
    final CountingStore counting =
        new CountingStore(Stores.open(root.resolve("long").toUri().toString()));
    try (ObjectStore counted = counting.store()) {
      final RecordingReader long300 = RecordingReader.open(counted, SyntheticArchive.NAME);
      final List<Long> seen = new ArrayList<>();
      RecordLog.read(
          long300,
          long300.find(),
          295 * 4 + 2,
          297 * 4 + 1,
          (segment, tables, from, to) -> {
            for (int i = from; i < to; i++) {
              seen.add(tables.records().sequence(i));
            }
            return true;
          },
          (done, total) -> assertThat(total).isEqualTo(3));
      assertThat(seen).hasSize(8).first().isEqualTo(295L * 4 + 2);
      assertThat(counting.reads()).isLessThan(60);
    }
  }

  private static Map<String, Integer> callsOfInfo(final Path archive) throws IOException {
    final CountingStore counting = new CountingStore(Stores.open(archive.toUri().toString()));
    try (ObjectStore counted = counting.store()) {
      RecordingInfo.read(RecordingReader.open(counted, SyntheticArchive.NAME), (done, total) -> {});
    }
    return counting.calls();
  }

  @Test
  void isCompletedByTheSegmentsBehindIt() throws IOException {
    final RecordingSummary counted = info();
    publish(headAfter(SEGMENTS - 3));
    assertThat(info()).isEqualTo(counted);
    assertThat(findings()).isEmpty();
  }

  @Test
  void showsThatTheNewestSegmentsAreMissing() throws IOException {
    publish(headAfter(SEGMENTS));
    Files.delete(recording.segment(SEGMENTS - 1));
    Files.delete(recording.segment(SEGMENTS - 2));
    assertThat(findings())
        .containsExactly(
            "segments 4 to 5 are missing at the end: the head of the recording names them");
    assertThatThrownBy(reader::segments)
        .isInstanceOf(SegmentException.class)
        .hasMessageContaining("segments 4 to 5 are missing");
    assertThatThrownBy(this::info)
        .isInstanceOf(SegmentException.class)
        .hasMessageContaining("segment 5 is missing at the end");
  }

  @Test
  void doesNotHideThatRecordingJsonWasEdited() throws IOException {
    publish(headAfter(SEGMENTS));
    final Path json = root.resolve(TestRecording.NAME).resolve("recording.json");
    Files.writeString(json, Files.readString(json).replace("host.example", "host.elsewhere"));
    reader = RecordingReader.open(store, TestRecording.NAME);
    assertThatThrownBy(this::info).hasMessageContaining("names another recording.json");
    assertThat(findings()).singleElement().asString().contains("names another recording.json");
  }

  @Test
  void isNotBelievedWhenItCountsOtherwise() throws IOException {
    final Path file = publish(headAfter(SEGMENTS));
    Files.writeString(file, Files.readString(file).replace("\"flush\": 5", "\"flush\": 4"));
    assertThat(findings())
        .containsExactly("the head of segment 5 does not count what the segments hold");
    final RecordingSummary counted = headAfter(SEGMENTS).summary();
    Files.writeString(file, Files.readString(file).replace("\"segments\": 6", "\"segments\": 4"));
    assertThat(info()).isEqualTo(counted);
  }

  @Test
  void isNotUsedWhenItNamesAnotherSegment() throws IOException {
    final RecordingSummary counted = info();
    final RecordingHead right = headAfter(SEGMENTS);
    publish(
        new RecordingHead(
            right.recordingId(),
            right.segmentNumber(),
            headAfter(SEGMENTS - 1).digest(),
            right.summary()));
    assertThat(findings())
        .singleElement()
        .asString()
        .endsWith("5.seg: is not the segment that the head of the recording names");
    assertThatThrownBy(this::info).hasMessageContaining("is not the segment that the head");
    Files.delete(root.resolve(TestRecording.NAME).resolve("heads").resolve(right.fileName()));
    assertThat(info()).isEqualTo(counted);
  }

  @Test
  void isNotNeededWhenItIsDamaged() throws IOException {
    final RecordingSummary counted = info();
    final Path file = publish(headAfter(SEGMENTS));
    Files.writeString(file, "[]");
    assertThat(info()).isEqualTo(counted);
    assertThat(findings())
        .singleElement()
        .asString()
        .endsWith("0000000005.json: is no JSON object");
  }

  @Test
  void ofAnotherRecordingIsNone() throws IOException {
    final Path file = publish(headAfter(SEGMENTS));
    Files.writeString(
        file,
        Files.readString(file)
            .replace(TestRecording.ID.toString(), "0190f0e0-7b1c-7c3d-8e4f-102030405061"));
    assertThat(findings()).singleElement().asString().contains("it was copied or renamed");
  }
}
