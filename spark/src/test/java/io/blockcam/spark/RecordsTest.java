package io.blockcam.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.blockcam.archive.Baseline;
import io.blockcam.archive.hash.SectorHash;
import io.blockcam.archive.record.GapReason;
import io.blockcam.archive.record.RecordFlags;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.archive.segment.SegmentTrailer;
import io.blockcam.export.ParquetExport;
import io.blockcam.history.Progress;
import io.blockcam.history.RecordingReader;
import io.blockcam.history.TestRecording;
import io.blockcam.store.ObjectStore;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.launcher.JavaModuleOptions;
import org.apache.spark.sql.DataFrameReader;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The record as a table of a real Spark, in this process and in one with an older Java. */
final class RecordsTest {
  private static final int RECORDS = 50;
  private static final long HOUR_NS = TimeUnit.HOURS.toNanos(1);

  /** What is read of a segment to see what it says of itself. */
  private static final long TAIL_BYTES = 64 << 10;

  @TempDir private static Path spark;
  private static SparkSession session;

  @TempDir private Path archive;

  @BeforeAll
  static void begin() {
    session = Ask.session(spark);
  }

  @AfterAll
  static void end() throws IOException {
    session.close();
  }

  @BeforeEach
  void forget() {
    CountedFileSystem.takeRead();
  }

  private DataFrameReader reader() {
    return session.read().format("blockcam");
  }

  private Dataset<Row> records() {
    return reader().load("counted://" + archive);
  }

  private static byte[] random(final long seed) {
    final byte[] payload = new byte[4096];
    new Random(seed).nextBytes(payload);
    return payload;
  }

  /** A day of it: a segment of fifty records in each hour. */
  private TestRecording day(final String name) throws IOException {
    final TestRecording recording = new TestRecording(archive, name, 1 << 20, Baseline.EMPTY);
    for (int hour = 0; hour < 24; hour++) {
      for (int i = 0; i < RECORDS; i++) {
        recording.data(i, 0xff, 0, random(1000L * hour + i));
        recording.passTime(HOUR_NS / RECORDS);
      }
      recording.seal();
    }
    return recording;
  }

  @Test
  void showsWhatARecordHolds() throws IOException {
    final TestRecording recording = new TestRecording(archive, 1 << 20);
    final byte[] written = random(1);
    recording.point(RecordKind.START);
    recording.data(5, 0x0f, 0, written);
    recording.data(6, 0xff, 0, new byte[4096]);
    recording.data(7, 0xff, RecordFlags.FAILED, Arrays.copyOf(written, 4096));
    recording.seal();
    recording.nextEpoch();
    recording.run(RecordKind.DISCARD, 8, 3, 0);
    recording.gap(1, 2, GapReason.PAYLOAD_LOST);
    recording.seal();

    final List<Row> rows =
        records()
            .selectExpr(
                "recording",
                "epoch",
                "sequence",
                "timestamp_ns",
                "cast(timestamp as string)",
                "kind",
                "block",
                "blocks",
                "sectors",
                "flags",
                "aux",
                "all_zero",
                "shared",
                "sector_hashes",
                "payload",
                "_segment",
                "_offset")
            .orderBy("sequence")
            .collectAsList();
    assertThat(rows)
        .extracting(row -> row.getString(5) + " " + row.getLong(6) + " " + row.getLong(7))
        .containsExactly("start 0 0", "data 5 1", "data 6 1", "data 7 1", "discard 8 3", "gap 1 2");
    final Row data = rows.get(1);
    assertThat(data.getString(0)).isEqualTo("disk");
    assertThat(data.getLong(1)).isZero();
    assertThat(data.getLong(2)).isEqualTo(1);
    assertThat(data.getLong(3)).isEqualTo(1_795_341_600_000_000_001L);
    assertThat(data.getString(4)).isEqualTo("2026-11-22 10:00:00");
    assertThat(data.getInt(8)).isEqualTo(0x0f);
    final byte[] stored = (byte[]) data.get(14);
    assertThat(Arrays.copyOf(stored, 2048)).isEqualTo(Arrays.copyOf(written, 2048));
    final List<Long> hashes = data.getList(13);
    assertThat(hashes).hasSize(8);
    for (int s = 0; s < 8; s++) {
      assertThat(hashes.get(s)).isEqualTo(SectorHash.of(stored, 512 * s));
    }
    assertThat(data.getLong(15)).isZero();
    final Row zeroes = rows.get(2);
    assertThat(zeroes.getBoolean(11)).isTrue();
    assertThat((byte[]) zeroes.get(14)).isEqualTo(new byte[4096]);
    assertThat(zeroes.<Long>getList(13)).hasSize(8).containsOnly(SectorHash.ZERO_SECTOR);
    assertThat(rows.get(3).getInt(9) & RecordFlags.FAILED).isNotZero();
    final Row gap = rows.get(5);
    assertThat(gap.getLong(1)).isEqualTo(1);
    assertThat(gap.getLong(10)).isEqualTo(GapReason.PAYLOAD_LOST.code());
    assertThat(gap.isNullAt(13)).isTrue();
    assertThat(gap.isNullAt(14)).isTrue();
    assertThat(gap.getLong(15)).isEqualTo(1);
    try (ObjectStore store = recording.store()) {
      final SegmentTrailer second =
          RecordingReader.open(store, TestRecording.NAME).find().trailer(1);
      assertThat(gap.getLong(16)).isEqualTo(second.recordsOffset() + 64);
    }
    assertThat(records().columns()).doesNotContain("_segment").hasSize(16);
  }

  @Test
  void tellsHowRandomContentIs() throws IOException {
    final TestRecording recording = new TestRecording(archive, 1 << 20);
    recording.point(RecordKind.START);
    recording.data(5, 0xff, 0, random(1));
    recording.data(6, 0xff, 0, new byte[4096]);
    recording.seal();
    assertThat(records().select("entropy").collectAsList())
        .extracting(row -> row.isNullAt(0) ? "none" : "%.1f".formatted(row.getDouble(0)))
        .containsExactly("none", "1.0", "0.0");
  }

  @Test
  void countsByTrailersAlone() throws IOException {
    day("one");
    day("two");
    final Dataset<Row> totals =
        records()
            .selectExpr(
                "count(*)",
                "min(sequence)",
                "max(sequence)",
                "min(timestamp_ns)",
                "max(timestamp)");
    assertThat(totals.queryExecution().toString()).contains("by heads and trailers");
    final Row row = totals.collectAsList().get(0);
    assertThat(List.of(row.getLong(0), row.getLong(1), row.getLong(2)))
        .containsExactly(2400L, 0L, 1199L);
    assertThat(row.getLong(3)).isEqualTo(1_795_341_600_000_000_001L);
    assertThat(row.get(4).toString()).isEqualTo("2026-11-23 09:58:48.0");
    assertThat(segmentsRead())
        .hasSize(24)
        .allSatisfy((name, bytes) -> assertThat(bytes).isLessThanOrEqualTo(6 * TAIL_BYTES));
    assertThat(records().where("block < 5").count()).isEqualTo(240);
  }

  /** What the recorder says of all of them saves looking at each. */
  @Test
  void countsByTheHeadAndWhatIsBehindIt() throws IOException {
    final TestRecording recording = day("one");
    recording.publishHead();
    recording.data(3, 0xff, 0, random(3));
    recording.seal();
    assertThat(records().count()).isEqualTo(1201);
    assertThat(segmentsRead())
        .containsOnlyKeys("0000000000.seg", "0000000023.seg", "0000000024.seg");
    assertThat(records().where("block = 3").count()).isEqualTo(25);
  }

  /** A query is of one moment, whatever happens while it runs. */
  @Test
  void readsWhatThereWasWhenItWasPlanned() throws IOException {
    final TestRecording recording = day("one");
    final JavaRDD<Row> before = records().where("block >= 0").select("block").toJavaRDD();
    assertThat(before.getNumPartitions()).isEqualTo(1);
    recording.data(3, 0xff, 0, random(3));
    recording.seal();
    assertThat(before.collect()).hasSize(1200);
    final JavaRDD<Row> planned = records().where("block >= 0").select("block").toJavaRDD();
    assertThat(planned.getNumPartitions()).isEqualTo(1);
    Files.delete(recording.segment(7));
    assertThatThrownBy(planned::collect).hasStackTraceContaining("segment 7 is missing");
    assertThatThrownBy(() -> records().where("block >= 0").collectAsList())
        .hasStackTraceContaining("segment 7 is missing before it");
  }

  /** Who has Parquet files needs nothing of us, and gets the same. */
  @Test
  void saysWhatTheExportedFilesSay() throws IOException {
    final TestRecording recording = day("one");
    recording.data(5, 0x0f, 0, new byte[4096]);
    recording.run(RecordKind.DISCARD, 8, 3, 0);
    recording.gap(1, 2, GapReason.PAYLOAD_LOST);
    recording.seal();
    final Path files = archive.resolveSibling("files");
    try (ObjectStore store = recording.store()) {
      final RecordingReader reader = RecordingReader.open(store, "one");
      new ParquetExport(reader, reader.find(), files, Progress.NONE).run();
    }
    final Dataset<Row> exported = session.read().parquet(files.toString()).drop("day");
    final Dataset<Row> read = records().drop("payload", "entropy");
    assertThat(exported.columns()).containsExactlyInAnyOrder(read.columns());
    final Dataset<Row> same = exported.selectExpr(read.columns()).exceptAll(read);
    assertThat(exported.count()).isEqualTo(1203);
    assertThat(same.count()).isZero();
  }

  private static Map<String, Long> segmentsRead() {
    final Map<String, Long> read = CountedFileSystem.takeRead();
    read.keySet().removeIf(name -> !name.endsWith(".seg"));
    return read;
  }

  @Test
  void readsTheSegmentsOfAnHourOnly() throws IOException {
    day("one");
    final Dataset<Row> hour =
        records()
            .where("timestamp >= '2026-11-22 13:00:00' and timestamp < '2026-11-22 14:00:00'")
            .select("_segment", "block");
    final List<Row> rows = hour.collectAsList();
    assertThat(segmentsRead()).hasSizeLessThan(12);
    assertThat(rows).hasSize(RECORDS);
    assertThat(rows).extracting(row -> row.getLong(0)).containsOnly(3L);
    final Dataset<Row> sequences = records().where("sequence between 95 and 105").select("block");
    assertThat(sequences.count()).isEqualTo(11);
    assertThat(hour.queryExecution().toString()).contains("segments skipped by");
    assertThat(partitions(hour)).isEqualTo(1);
    assertThat(partitions(records().where("timestamp_ns < 5").select("block"))).isZero();
  }

  private static int partitions(final Dataset<Row> query) {
    return query.toJavaRDD().getNumPartitions();
  }

  @Test
  void readsNoPayloadThatNobodyWants() throws IOException {
    final TestRecording recording = new TestRecording(archive, 1 << 30);
    for (int i = 0; i < 3000; i++) {
      recording.data(i, 0xff, 0, random(i));
    }
    recording.seal();
    assertThat(records().where("flags = 0").select("block", "sector_hashes").collectAsList())
        .hasSize(3000);
    assertThat(CountedFileSystem.takeRead().get("0000000000.seg"))
        .isLessThan(3000 * 128 + 3 * TAIL_BYTES);
    final List<Row> rows =
        records().where("sequence >= 0").select("block", "payload").collectAsList();
    assertThat(rows).hasSize(3000);
    for (final Row row : rows) {
      assertThat((byte[]) row.get(1)).isEqualTo(random(row.getLong(0)));
    }
  }

  @Test
  void readsNoMoreThanIsEnough() throws IOException {
    day("one");
    day("two");
    final Dataset<Row> few = records().select("recording", "block").limit(2 * RECORDS + 1);
    assertThat(few.collectAsList()).hasSize(2 * RECORDS + 1);
    assertThat(segmentsRead())
        .containsOnlyKeys("0000000000.seg", "0000000001.seg", "0000000002.seg");
    assertThat(records().select("block").limit(25 * RECORDS).collectAsList()).hasSize(25 * RECORDS);
    assertThat(records().where("block = 7").select("block").limit(30).collectAsList()).hasSize(30);
  }

  @Test
  void looksAtTheRecordingsOfAQueryOnly() throws IOException {
    day("one");
    day("two");
    final Dataset<Row> two = records().where("recording = 'two' and block >= 0");
    assertThat(two.count()).isEqualTo(1200);
    assertThat(partitions(two)).isEqualTo(1);
    assertThat(reader().option("recording", "one, two").load("counted://" + archive).count())
        .isEqualTo(2400);
  }

  @Test
  void saysWhatIsDamagedOrPassesItOver() throws IOException {
    day("one");
    final Path segment;
    try (Stream<Path> files = Files.walk(archive)) {
      segment = files.filter(path -> path.endsWith("0000000007.seg")).findAny().orElseThrow();
    }
    final byte[] bytes = Files.readAllBytes(segment);
    bytes[bytes.length - 700] ^= 1;
    Files.write(segment, bytes);
    assertThatThrownBy(() -> records().where("block >= 0").collectAsList())
        .hasStackTraceContaining("0000000007.seg");
    final Dataset<Row> rest =
        reader().option("damaged", "skip").load("counted://" + archive).where("block >= 0");
    assertThat(rest.collectAsList()).hasSize(1150);
  }

  @Test
  void refusesWhatMakesNoSense() throws IOException {
    day("one");
    assertThatThrownBy(() -> reader().load()).hasMessageContaining("no archive is named");
    assertThatThrownBy(() -> reader().option("damaged", "maybe").load("counted://" + archive))
        .hasMessageContaining("damaged=maybe: use fail or skip");
    assertThatThrownBy(() -> reader().load("counted://" + archive + "/none").count())
        .hasStackTraceContaining("is it an archive of blockcam?");
    assertThatThrownBy(
            () -> reader().option("recording", "three").load("counted://" + archive).count())
        .hasStackTraceContaining("no recording 'three'")
        .hasStackTraceContaining("there is one");
    assertThatThrownBy(() -> records().select("colour")).hasMessageContaining("colour");
  }

  /** Java 17 is what Spark 4 asks for. */
  @Test
  void runsOnTheJavaThatSparkRunsOn() throws Exception {
    day("one");
    final List<String> command = new ArrayList<>(List.of("java"));
    command.addAll(Arrays.asList(JavaModuleOptions.defaultModuleOptions().split(" ")));
    command.addAll(
        List.of(
            "-cp",
            System.getProperty("java.class.path"),
            Ask.class.getName(),
            spark.resolve("child").toString(),
            "counted://" + archive,
            "SELECT kind, count(*), sum(block), max(length(payload)) FROM records GROUP BY kind"));
    final Process process =
        new ProcessBuilder(command).redirectError(spark.resolve("child.err").toFile()).start();
    final String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(Files.readString(spark.resolve("child.err"))).isZero();
    assumeThat(out).as("what java stands for here").startsWith("Java 17");
    assertThat(out.lines()).contains("[data,1200,29400,4096]");
  }
}
