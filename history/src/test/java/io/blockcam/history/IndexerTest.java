package io.blockcam.history;

import static org.assertj.core.api.Assertions.assertThat;

import io.blockcam.archive.index.Lies;
import io.blockcam.archive.index.RecordRef;
import io.blockcam.archive.index.RunReader;
import io.blockcam.archive.index.WindowStack;
import io.blockcam.archive.record.RecordFlags;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.archive.segment.FileBytes;
import io.blockcam.store.ObjectStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** With an index or without, whole or damaged: the same layers, only sooner. */
final class IndexerTest {
  private static final int SEGMENTS = 150;
  private static final int RECORDS = 12;
  private static final int MAP_RECORDS = 200;
  private static final int BLOCKS = 300;

  @TempDir private Path directory;
  private final SplittableRandom random = new SplittableRandom(5);
  private TestRecording recording;

  @BeforeEach
  void record() throws IOException {
    recording = new TestRecording(directory, BLOCKS * 4096L);
    recording.point(RecordKind.START);
    write(SEGMENTS);
  }

  private void write(final int segments) throws IOException {
    for (int s = 0; s < segments; s++) {
      for (int r = 0; r < RECORDS; r++) {
        final int block = random.nextInt(BLOCKS - 10);
        final int mask = random.nextInt(4) == 0 ? random.nextInt(1, 0x100) : 0xff;
        switch (random.nextInt(12)) {
          case 0 -> recording.run(RecordKind.DISCARD, block, random.nextInt(1, 10), 0);
          case 1 -> recording.run(RecordKind.GAP, block, random.nextInt(1, 4), 0);
          case 2 -> recording.data(block, mask, RecordFlags.FAILED, TestRecording.filled(s));
          case 3 -> recording.append(0, 0, RecordKind.MARK, 0, 0, TestRecording.filled('m'));
          default -> recording.data(block, mask, 0, TestRecording.filled(s));
        }
      }
      recording.seal();
    }
  }

  private Indexer.Result index(final boolean check) throws IOException {
    try (ObjectStore store = recording.store()) {
      final RecordingReader reader = RecordingReader.open(store, TestRecording.NAME);
      return new Indexer(store, reader, directory, 2, MAP_RECORDS, RunMaker.MOST_OPERATIONS)
          .run(reader.find(), check);
    }
  }

  private Path indexDirectory() {
    return directory.resolve(TestRecording.NAME).resolve("index");
  }

  private List<Path> runs() throws IOException {
    return files(".run");
  }

  private List<Path> files(final String suffix) throws IOException {
    try (Stream<Path> files = Files.walk(indexDirectory())) {
      return files.filter(file -> file.toString().endsWith(suffix)).sorted().toList();
    }
  }

  private String layers(final long sequence, final boolean useIndex) throws IOException {
    try (ObjectStore store = recording.store()) {
      return layers(store, sequence, useIndex);
    }
  }

  private static String layers(final ObjectStore store, final long sequence, final boolean useIndex)
      throws IOException {
    final RecordingReader reader = RecordingReader.open(store, TestRecording.NAME);
    try (Layers layers = Layers.upTo(reader, reader.find(), sequence, useIndex, Progress.NONE)) {
      return describe(layers) + layers.events();
    }
  }

  private static String describe(final Layers layers) throws IOException {
    final StringBuilder text = new StringBuilder();
    final WindowStack window = new WindowStack();
    for (long at = layers.nextWindow(0);
        at != Long.MAX_VALUE;
        at = layers.nextWindow(window.end())) {
      layers.read(window, at);
      final long[] last = {-1};
      final int[] masks = new int[BLOCKS];
      window.forEachPiece(
          (block, mask, ref) -> {
            assertThat(block).isGreaterThanOrEqualTo(last[0]);
            assertThat(masks[(int) block] & mask).isZero();
            last[0] = block;
            masks[(int) block] |= mask;
            text.append(
                "%d/%02x=%d:%d%s "
                    .formatted(
                        block,
                        mask,
                        layers.firstSegment() + RecordRef.segment(ref),
                        RecordRef.record(ref),
                        RecordRef.isZero(ref)));
          });
      window.forEachZero((from, to) -> text.append("zero %d-%d ".formatted(from, to)));
      window.forEachDoubt((from, to) -> text.append("doubt %d-%d ".formatted(from, to)));
    }
    // Pieces of one block may come in any order.
    return Stream.of(text.toString().split(" ")).sorted().toList().toString();
  }

  private void assertSameEverywhere() throws IOException {
    for (int i = 0; i < 25; i++) {
      final long sequence = random.nextLong(recording.nextSequence());
      assertThat(layers(sequence, true)).as("seq:%d", sequence).isEqualTo(layers(sequence, false));
    }
    final long last = recording.nextSequence() - 1;
    assertThat(layers(last, true)).isEqualTo(layers(last, false));
  }

  @Test
  void anIndexSaysWhatTheSegmentsSay() throws IOException {
    final Indexer.Result result = index(false);
    assertThat(result.made()).isEqualTo(runs().size()).isGreaterThan(18 + 2);
    assertThat(Files.list(indexDirectory().resolve("maps"))).isNotEmpty();
    assertSameEverywhere();
    assertThat(index(false).made()).as("all is there").isZero();
  }

  @Test
  void aMomentCostsTheSameHoweverLongTheHistory() throws IOException {
    index(false);
    final int early = readsAt(20L * RECORDS + 5);
    final int late = readsAt(140L * RECORDS + 5);
    assertThat(late).isLessThan(early + 20);
    final CountingStore without = new CountingStore(recording.store());
    layers(without.store(), 140L * RECORDS + 5, false);
    assertThat(without.reads()).isGreaterThan(3 * late);
  }

  /** It is found while somebody reads: that must not take as long as all of the history. */
  @Test
  void aDamagedPageCostsItsOwnSpan() throws IOException {
    index(false);
    final long last = recording.nextSequence() - 1;
    final int sound = readsAt(last);
    final String expected = layers(last, false);
    for (final Path run : runs()) {
      if (run.startsWith(indexDirectory().resolve("maps"))) {
        final byte[] page = Files.readAllBytes(run);
        page[page.length / 8] ^= 4;
        Files.write(run, page);
      }
    }

    assertThat(layers(last, true)).isEqualTo(expected);
    final CountingStore without = new CountingStore(recording.store());
    layers(without.store(), last, false);
    assertThat(readsAt(last)).isGreaterThan(sound).isLessThan(without.reads() / 2);
  }

  private int readsAt(final long sequence) throws IOException {
    final CountingStore counting = new CountingStore(recording.store());
    layers(counting.store(), sequence, true);
    return counting.reads();
  }

  @Test
  void growsWithTheRecording() throws IOException {
    index(false);
    final int before = runs().size();
    write(40);
    assertThat(index(false).made()).isEqualTo(runs().size() - before).isPositive();
    assertSameEverywhere();
  }

  @Test
  void isNotTrustedWhereItIsDamagedOrMissing() throws IOException {
    index(false);
    final List<Path> runs = runs();
    for (int i = 0; i < runs.size(); i++) {
      if (i % 3 == 0) {
        Files.delete(runs.get(i));
      } else if (i % 3 == 1) {
        final byte[] bytes = Files.readAllBytes(runs.get(i));
        bytes[random.nextInt(bytes.length)] ^= 4;
        Files.write(runs.get(i), bytes);
      }
    }
    assertSameEverywhere();
    final Indexer.Result repaired = index(true);
    assertThat(repaired.damaged()).isPositive();
    assertThat(repaired.made()).isGreaterThan(runs.size() / 3);
    assertThat(runs())
        .containsAll(runs.stream().filter(r -> !r.toString().contains("maps")).toList());
    assertThat(index(true).damaged()).isZero();
    assertSameEverywhere();
  }

  /** A recorder goes on with its index whatever it finds of it, without reading all of it. */
  @Test
  void makesLargerRunsWhateverItFindsOfTheSmallerOnes() throws IOException {
    index(false);
    for (final Path run : runs()) {
      if (!run.startsWith(indexDirectory().resolve("8"))) {
        Files.delete(run);
      }
    }
    final List<Path> smallest = runs();
    Files.delete(smallest.get(1));
    Files.write(smallest.get(3), new byte[] {1, 2, 3});
    final byte[] page = Files.readAllBytes(smallest.get(10));
    page[page.length / 8] ^= 4;
    Files.write(smallest.get(10), page);
    Files.copy(smallest.get(11), smallest.get(12), StandardCopyOption.REPLACE_EXISTING);

    assertThat(index(false).damaged()).isEqualTo(3);

    assertThat(runs()).containsAll(smallest);
    assertThat(Files.list(indexDirectory().resolve("64/0000000"))).hasSize(2);
    assertThat(Files.list(indexDirectory().resolve("maps"))).isNotEmpty();
    assertThat(index(true).damaged()).isZero();
    assertSameEverywhere();
  }

  /** A run that is well formed, of these segments, and says something else. */
  @Test
  void findsARunThatLies() throws IOException {
    index(false);
    assertThat(findings()).isEmpty();
    final List<Path> smallest =
        runs().stream().filter(r -> r.startsWith(indexDirectory().resolve("8"))).toList();
    final Path liar = smallest.get(2);
    Files.write(liar, lying(liar));
    assertThat(findings())
        .hasSize(1)
        .first()
        .asString()
        .contains(liar.getFileName() + ": does not say of blocks 0 to 16383 what the segments say");
    assertThat(index(true).damaged()).isEqualTo(1);
    assertThat(findings()).isEmpty();
    assertSameEverywhere();

    final Path larger = indexDirectory().resolve("64/0000000/0000000000-0000000063.run");
    Files.write(larger, lying(larger));
    assertThat(findings()).hasSize(1).first().asString().contains(larger.getFileName().toString());
    Files.delete(smallest.get(3)); // what is missing is no fault, and is made for the comparison
    assertThat(findings()).hasSize(1);
  }

  private List<String> findings() throws IOException {
    final List<String> findings = new ArrayList<>();
    try (ObjectStore store = recording.store()) {
      final RecordingReader reader = RecordingReader.open(store, TestRecording.NAME);
      assertThat(
              new IndexVerifier(reader, reader.find(), 2)
                  .run((path, problem) -> findings.add(problem), Progress.NONE))
          .isEqualTo(runs().size() + files(".catalog").size());
    }
    return findings;
  }

  /** The same, without what one of its segments says, and its digests as they were. */
  private byte[] lying(final Path run) throws IOException {
    try (FileBytes bytes = FileBytes.open(run)) {
      return Lies.without(RunReader.open(bytes), 0);
    }
  }

  @Test
  void ofOtherSegmentsIsOfNoUse() throws IOException {
    index(false);
    final Path kept = directory.resolve("kept");
    Files.move(indexDirectory(), kept);
    try (Stream<Path> files = Files.list(recording.segments())) {
      for (final Path file : files.toList()) {
        Files.delete(file);
      }
    }
    recording = new TestRecording(directory, BLOCKS * 4096L);
    recording.point(RecordKind.START);
    write(SEGMENTS);
    Files.move(kept, indexDirectory());
    assertSameEverywhere();
    assertThat(index(true).damaged()).isPositive();
    assertSameEverywhere();
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void whatLiesBetweenTwoMomentsIsWhatWasWritten(final boolean useIndex) throws IOException {
    index(false);
    try (ObjectStore store = recording.store()) {
      final RecordingReader reader = RecordingReader.open(store, TestRecording.NAME);
      final Segments segments = reader.find();
      final long from = 100;
      final long to = 1500;
      final boolean[] expected = new boolean[BLOCKS];
      reader.visit(
          (segment, done, total) -> {
            final var records = segment.reader().records();
            for (int i = 0; i < records.count(); i++) {
              if (records.sequence(i) > from
                  && records.sequence(i) <= to
                  && records.kind(i).setsContent()
                  && !records.hasFlag(i, RecordFlags.FAILED)) {
                for (long b = 0; b < records.runBlocks(i); b++) {
                  expected[(int) (records.block(i) + b)] = true;
                }
              }
            }
          });
      final boolean[] found = new boolean[BLOCKS];
      try (Layers layers = Layers.between(reader, segments, from, to, useIndex, Progress.NONE)) {
        final WindowStack window = new WindowStack();
        layers.read(window, 0);
        window.forEachDecided(
            (first, end) -> {
              for (long b = first; b < end; b++) {
                found[(int) b] = true;
              }
            });
      }
      assertThat(found).isEqualTo(expected);
    }
  }
}
