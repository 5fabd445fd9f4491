package io.blockcam.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blockcam.archive.Baseline;
import io.blockcam.archive.hash.SectorHash;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.history.Progress;
import io.blockcam.history.RecordingReader;
import io.blockcam.history.TestRecording;
import io.blockcam.store.ObjectStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Written here, read by DuckDB. */
final class ParquetExportTest {
  private static final long HOUR_NS = TimeUnit.HOURS.toNanos(1);

  @TempDir private Path directory;

  private ParquetExport.Result export(final TestRecording recording) throws IOException {
    recording.seal();
    try (ObjectStore store = recording.store()) {
      final RecordingReader reader = RecordingReader.open(store, TestRecording.NAME);
      return new ParquetExport(reader, reader.find(), directory.resolve("out"), Progress.NONE)
          .run();
    }
  }

  private List<String> ask(final String select) throws SQLException {
    try (Connection duck = DriverManager.getConnection("jdbc:duckdb:");
        Statement statement = duck.createStatement();
        ResultSet rows =
            statement.executeQuery(
                select.replace(
                    "records",
                    "read_parquet('%s/**/*.parquet', hive_partitioning = true)"
                        .formatted(directory.resolve("out"))))) {
      final List<String> answer = new ArrayList<>();
      while (rows.next()) {
        final List<String> row = new ArrayList<>();
        for (int i = 1; i <= rows.getMetaData().getColumnCount(); i++) {
          row.add(rows.getString(i));
        }
        answer.add(String.join(" ", row));
      }
      return answer;
    }
  }

  private List<String> files() throws IOException {
    try (Stream<Path> all = Files.walk(directory.resolve("out"))) {
      return all.filter(Files::isRegularFile)
          .map(file -> directory.resolve("out/recording=disk").relativize(file).toString())
          .sorted()
          .toList();
    }
  }

  @Test
  void writesWhatOthersRead() throws Exception {
    final TestRecording recording = new TestRecording(directory.resolve("archive"), 1 << 20);
    final byte[] random = new byte[4096];
    new Random(5).nextBytes(random);
    recording.point(RecordKind.START);
    recording.data(7, 0x3c, 0, random);
    recording.data(8, 0xff, 0, new byte[4096]);
    recording.nextEpoch();
    recording.run(RecordKind.BASELINE_DONE, 2, 5, 0);
    assertThat(export(recording)).isEqualTo(new ParquetExport.Result(1, 4, 0));
    assertThat(
            ask(
                "SELECT recording, day, epoch, sequence, timestamp_ns, kind, block, blocks, sectors,"
                    + " all_zero, shared, sector_hashes IS NULL FROM records ORDER BY sequence"))
        .containsExactly(
            "disk 2026-11-22 0 0 1795341600000000001 start 0 0 0 false false true",
            "disk 2026-11-22 0 1 1795341600000000001 data 7 1 60 false false false",
            "disk 2026-11-22 0 2 1795341600000000001 data 8 1 255 true false false",
            "disk 2026-11-22 1 3 1795341600000000001 baseline-done 2 5 255 false false true");
    assertThat(
            ask(
                "SELECT sector_hashes[3], sector_hashes[8] FROM records WHERE sequence IN (1, 2)"
                    + " ORDER BY sequence"))
        .containsExactly(
            SectorHash.of(random, 2 * 512) + " " + SectorHash.of(new byte[512], 0),
            SectorHash.ZERO_SECTOR + " " + SectorHash.ZERO_SECTOR);
    assertThat(ask("SELECT max(timestamp) = TIMESTAMPTZ '2026-11-22 10:00:00+00' FROM records"))
        .containsExactly("true");
  }

  @Test
  void goesOnWhereItWasStoppedAndAddsWhatIsNew() throws Exception {
    final TestRecording recording = new TestRecording(directory.resolve("archive"), 1 << 20);
    for (int hour = 0; hour < 30; hour++) { // from 10 o'clock
      recording.data(hour, 0xff, 0, TestRecording.filled(hour));
      recording.passTime(HOUR_NS);
      recording.seal();
    }
    assertThat(export(recording)).isEqualTo(new ParquetExport.Result(2, 30, 0));
    assertThat(files())
        .containsExactly(
            "_recording.json",
            "day=2026-11-22/0000000000-0000000029.parquet",
            "day=2026-11-23/0000000000-0000000029.parquet");
    assertThat(export(recording)).isEqualTo(new ParquetExport.Result(0, 0, 30));
    final Path last = directory.resolve("out/recording=disk/day=2026-11-23");
    Files.move( // as if it had been killed there
        last.resolve("0000000000-0000000029.parquet"),
        last.resolve(".0000000000-0000000029.parquet.part"));
    assertThat(export(recording)).isEqualTo(new ParquetExport.Result(2, 30, 0));
    for (int hour = 30; hour < 70; hour++) {
      recording.data(hour, 0xff, 0, TestRecording.filled(hour));
      recording.passTime(HOUR_NS);
      recording.seal();
    }
    assertThat(export(recording).records()).isEqualTo(70);
    assertThat(files())
        .contains("day=2026-11-25/0000000064-0000000069.parquet")
        .noneMatch(file -> file.contains("0000000029"));
    assertThat(ask("SELECT count(*), count(DISTINCT sequence), max(sequence) FROM records"))
        .containsExactly("70 70 69");
    assertThat(ask("SELECT day, count(*) FROM records GROUP BY day ORDER BY day"))
        .containsExactly("2026-11-22 14", "2026-11-23 24", "2026-11-24 24", "2026-11-25 8");
  }

  @Test
  void doesNotMixRecordingsOfTheSameName() throws Exception {
    final TestRecording recording = new TestRecording(directory.resolve("archive"), 1 << 20);
    recording.point(RecordKind.START);
    export(recording);
    final TestRecording other =
        new TestRecording(directory.resolve("other"), 2 << 20, Baseline.EMPTY);
    other.point(RecordKind.START);
    assertThatThrownBy(() -> export(other))
        .isInstanceOf(ExportException.class)
        .hasMessageContaining("another recording of that name");
  }
}
