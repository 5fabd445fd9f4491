package io.blockcam.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.json.JsonMapper;
import io.blockcam.archive.Baseline;
import io.blockcam.archive.segment.SegmentTrailer;
import io.blockcam.filesearch.FileHasher;
import io.blockcam.filesearch.FileSearch;
import io.blockcam.filesearch.HashListWriter;
import io.blockcam.filesearch.SearchReport;
import io.blockcam.filesearch.TargetSet;
import io.blockcam.history.RecordedClock;
import io.blockcam.history.RecordingReader;
import io.blockcam.history.Segments;
import io.blockcam.history.TestRecording;
import io.blockcam.store.ObjectStore;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Known files in many recordings at once, and the same answer as in one. */
final class FindJobTest {
  private static final int BYTES = 3 * 4096;

  @TempDir private static Path spark;
  private static SparkSession session;

  @TempDir private Path directory;
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  @BeforeAll
  static void begin() {
    session = Ask.session(spark);
  }

  @AfterAll
  static void end() throws IOException {
    session.close();
  }

  private static byte[] file(final int seed) {
    final byte[] content = new byte[BYTES];
    new Random(seed).nextBytes(content);
    return content;
  }

  private Path hashes(final byte[]... files) throws IOException {
    final Path list = directory.resolve("hashes");
    try (OutputStream to = Files.newOutputStream(list);
        HashListWriter writer = new HashListWriter(to)) {
      int number = 0;
      for (final byte[] file : files) {
        new FileHasher().read("file" + number++, new ByteArrayInputStream(file), writer);
      }
      writer.finish();
    }
    return list;
  }

  private TestRecording recording(final String name, final byte[]... files) throws IOException {
    final TestRecording recording =
        new TestRecording(directory.resolve("archive"), name, 1 << 20, Baseline.EMPTY);
    recording.data(200, 0xff, 0, TestRecording.filled(3));
    long block = 5;
    for (final byte[] file : files) {
      for (int at = 0; at < BYTES; at += 4096) {
        recording.data(block++, 0xff, 0, Arrays.copyOfRange(file, at, at + 4096));
      }
      recording.seal();
    }
    recording.data(5, 0xff, 0, TestRecording.filled(4)); // the first file is no longer whole
    recording.seal();
    return recording;
  }

  private boolean find(final String... more) throws IOException {
    final String[] words = {
      "--archive", directory.resolve("archive").toUri().toString(),
      "--hashes", directory.resolve("hashes").toString()
    };
    final String[] all = Arrays.copyOf(words, words.length + more.length);
    System.arraycopy(more, 0, all, words.length, more.length);
    return FindJob.of(List.of(all))
        .run(
            session,
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8));
  }

  @Test
  void saysOfOneRecordingWhatALocalSearchSays() throws IOException {
    final TestRecording recording = recording("one", file(1), file(2));
    hashes(file(1), file(2), file(3));
    assertThat(find("--name", "one")).isTrue();
    try (ObjectStore store = recording.store()) {
      final RecordingReader reader = RecordingReader.open(store, "one");
      final Segments segments = reader.findWhatIsLeft();
      final TargetSet.Builder targets = new TargetSet.Builder();
      for (int i = 1; i <= 3; i++) {
        new FileHasher().read("file" + (i - 1), new ByteArrayInputStream(file(i)), targets);
      }
      final FileSearch.Result found =
          new FileSearch(
                  reader,
                  segments,
                  targets.build(),
                  FileSearch.Window.ALL,
                  /* useIndex= */ false,
                  FileSearch.Progress.NONE)
              .run();
      final long last =
          segments.before(segments.end()).map(SegmentTrailer::lastSequence).orElseThrow();
      final SearchReport expected =
          SearchReport.of(
              "one", found, RecordedClock.of(reader, segments, false), last, 0, List.of());
      assertThat(out.toString(StandardCharsets.UTF_8))
          .isEqualTo(
              JsonMapper.builder()
                      .build()
                      .writerWithDefaultPrettyPrinter()
                      .writeValueAsString(expected.json())
                  + "\n")
          .contains("\"verdict\" : \"present\"", "\"verdict\" : \"absent\"");
    }
  }

  @Test
  void looksIntoAllRecordings() throws IOException {
    recording("one", file(1));
    recording("two", file(2));
    hashes(file(2));
    assertThat(find()).isTrue();
    final String json = out.toString(StandardCharsets.UTF_8);
    assertThat(json.indexOf("\"recording\" : \"one\""))
        .isBetween(0, json.indexOf("\"recording\" : \"two\""));
    assertThat(json).containsSubsequence("one", "absent", "two", "present");
    assertThat(err.toString(StandardCharsets.UTF_8)).isEmpty();
    hashes(file(9));
    assertThat(find()).isFalse();
  }

  @Test
  void refusesWhatMakesNoSense() throws IOException {
    recording("one", file(1));
    hashes(file(1));
    assertThatThrownBy(() -> FindJob.of(List.of("--archive")))
        .hasMessageContaining("needs a value");
    assertThatThrownBy(() -> FindJob.of(List.of("--hashes", "h")))
        .hasMessageContaining("--archive is missing");
    assertThatThrownBy(() -> find("--min-coverage", "120")).hasMessageContaining("120");
    assertThatThrownBy(() -> find("--colour")).hasMessageContaining("--colour");
    assertThatThrownBy(() -> find("--name", "none")).hasMessageContaining("no recording 'none'");
    Files.writeString(directory.resolve("hashes"), "no list");
    assertThatThrownBy(this::find).hasMessageContaining("is no list of hashes");
    Files.delete(directory.resolve("hashes"));
    assertThatThrownBy(this::find).hasMessageContaining("hashes");
    assertThat(Main.run(new String[] {"find"}, new PrintStream(out), new PrintStream(err)))
        .isEqualTo(2);
  }
}
