package io.blockcam.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.blockcam.archive.record.RecordKind;
import io.blockcam.archive.segment.SegmentReader;
import io.blockcam.archive.segment.SegmentTables;
import io.blockcam.history.RecordedClock;
import io.blockcam.history.RecordingReader;
import io.blockcam.history.Segments;
import io.blockcam.history.TestRecording;
import io.blockcam.store.ObjectStore;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class RansapLinesTest {
  @TempDir private Path directory;

  @Test
  void tellsTheWritesOfTheGuestWithTheirEntropy() throws IOException {
    final TestRecording recording = new TestRecording(directory, 1 << 20);
    final byte[] random = new byte[4096];
    new Random(3).nextBytes(random);
    recording.point(RecordKind.START);
    recording.data(7, 0xff, 0, random);
    recording.data(9, 0b0110, 0, random);
    recording.data(3, 0xff, 0, TestRecording.filled(5));
    recording.data(4, 0xff, 0, new byte[4096]);
    recording.data(5, 0xff, 0, random); // stored with the first one
    recording.run(RecordKind.DISCARD, 1, 2, 0);
    recording.seal();
    final StringWriter text = new StringWriter();
    try (ObjectStore store = recording.store()) {
      final RecordingReader reader = RecordingReader.open(store, TestRecording.NAME);
      final Segments segments = reader.find();
      final SegmentReader segment = segments.open(0);
      final SegmentTables tables = segment.tables();
      new RansapLines(RecordedClock.of(reader, segments, false), new PrintWriter(text, true))
          .print(segment, tables, 0, tables.records().count());
    }
    assertThat(text.toString().lines())
        .hasSize(5)
        .allMatch(line -> line.startsWith("1795341600,1,"))
        .satisfiesExactly(
            line -> assertThat(line).matches(".*,56,4096,0\\.99\\d{4},0"),
            line -> assertThat(line).matches(".*,73,1024,0\\.9[67]\\d{4},0"),
            line -> assertThat(line).endsWith(",24,4096,0.000000,0"),
            line -> assertThat(line).endsWith(",32,4096,0.000000,0"),
            line -> assertThat(line).matches(".*,40,4096,0\\.99\\d{4},0"));
  }
}
