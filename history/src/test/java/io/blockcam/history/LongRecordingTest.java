package io.blockcam.history;

import static org.assertj.core.api.Assertions.assertThat;

import io.blockcam.archive.RecordingPaths;
import io.blockcam.archive.hash.Sha256Digest;
import io.blockcam.archive.index.WindowStack;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.store.ObjectStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** However long a recording is, its archive has few objects. */
final class LongRecordingTest {
  private static final RecordingPaths PATHS = new RecordingPaths(TestRecording.NAME);
  private static final int SEGMENTS = 600;
  private static final int PACKED = 512;

  /** More than 64 of these segments have, and less than 512. */
  private static final long FEW_BYTES = 64 * 10_000;

  @TempDir private Path directory;
  @TempDir private Path work;
  private ObjectStore store;

  @BeforeEach
  void record() throws IOException {
    final TestRecording recording = new TestRecording(directory, 1 << 20);
    recording.point(RecordKind.START);
    for (int s = 0; s < SEGMENTS; s++) {
      recording.data(s % 256, 0xff, 0, TestRecording.filled(s));
      recording.seal();
    }
    store = recording.store();
  }

  @AfterEach
  void close() throws IOException {
    store.close();
  }

  private RecordingReader reader() throws IOException {
    return RecordingReader.open(store, TestRecording.NAME);
  }

  private List<Sha256Digest> digests() throws IOException {
    return reader().segments().stream().map(segment -> segment.trailer().digest()).toList();
  }

  private List<String> objects() throws IOException {
    try (Stream<Path> files = Files.walk(directory.resolve(PATHS.name()))) {
      return files
          .filter(Files::isRegularFile)
          .map(path -> directory.relativize(path).toString())
          .sorted()
          .toList();
    }
  }

  private void index(final long end) throws IOException {
    final RecordingReader reader = reader();
    new Indexer(store, reader, work, 2)
        .run(new Segments(reader, 0, end, false), /* check= */ false);
  }

  @Test
  void makesSmallerPacksOfLargerSegmentsAndNoneOfTheLargest() throws IOException {
    final List<Sha256Digest> before = digests();
    assertThat(
            new Packer(store, reader().recording(), work, PackSpans.SIZES, FEW_BYTES)
                .run(SEGMENTS, Progress.NONE))
        .isEqualTo(new Packer.Result(8, PACKED));
    assertThat(digests()).isEqualTo(before);
    assertThat(
            new Packer(store, reader().recording(), work, PackSpans.SIZES, 1000)
                .run(SEGMENTS, Progress.NONE))
        .isEqualTo(new Packer.Result(0, 0));
  }

  /** The number of objects a day counts, and the smallest runs would be most of them. */
  @Test
  void anIndexHasNoSmallestRunsBelowALargeOne() throws IOException {
    final long end = 504;
    index(end);
    final RecordingReader reader = reader();
    final WindowStack window = new WindowStack();
    try (Layers open =
            Layers.upTo(reader, new Segments(reader, 0, end, false), 495, true, Progress.NONE);
        Layers expected =
            Layers.upTo(reader, new Segments(reader, 0, end, false), 495, false, Progress.NONE)) {
      new Packer(store, reader().recording(), work).run(SEGMENTS, Progress.NONE);
      index(SEGMENTS);
      assertThat(objects())
          .filteredOn(path -> path.startsWith(PATHS.runs(8)))
          .hasSize((SEGMENTS - PACKED) / 8)
          .first()
          .isEqualTo(IndexSpans.run(PATHS, PACKED, 8));
      assertThat(objects()).filteredOn(path -> path.startsWith(PATHS.runs(64))).hasSize(9);

      final List<String> found = new ArrayList<>();
      open.read(window, 0);
      window.forEachPiece((block, mask, ref) -> found.add(block + "=" + ref));
      final List<String> wanted = new ArrayList<>();
      expected.read(window, 0);
      window.forEachPiece((block, mask, ref) -> wanted.add(block + "=" + ref));
      assertThat(found).as("by one who uses runs that are gone").isEqualTo(wanted).hasSize(255);
    }
    final List<String> before = objects();
    index(SEGMENTS);
    assertThat(objects()).as("once more").isEqualTo(before);
  }

  /** An old archive is indexed without the smallest runs that would be removed again. */
  @Test
  void anIndexIsTheSameHoweverItWasMade() throws IOException {
    for (long end = 64; end <= SEGMENTS; end += 8) {
      index(end);
    }
    final Map<String, Long> before = runs();
    removeIndex();
    index(SEGMENTS);
    assertThat(runs()).isEqualTo(before);
    removeIndex();
    final RecordingReader reader = reader();
    new Indexer(store, reader, work, 2, Long.MAX_VALUE, /* mostOperations= */ 10)
        .run(reader.find(), /* check= */ false);
    assertThat(runs()).as("where memory is short").isEqualTo(before);
  }

  private void removeIndex() throws IOException {
    for (final String path : objects()) {
      if (path.startsWith(PATHS.index())) {
        Files.delete(directory.resolve(path));
      }
    }
  }

  @Test
  void removesTheSmallestRunsThatAKillHasLeft() throws IOException {
    index(8);
    final Path smallest = directory.resolve(IndexSpans.run(PATHS, 0, 8));
    final byte[] bytes = Files.readAllBytes(smallest);
    index(SEGMENTS);
    assertThat(smallest).doesNotExist();
    Files.write(smallest, bytes);
    index(SEGMENTS);
    assertThat(smallest).doesNotExist();
  }

  /** What runs hold: their names, and a checksum of each. Maps are made now and then. */
  private Map<String, Long> runs() throws IOException {
    final Map<String, Long> runs = new TreeMap<>();
    for (final String path : objects()) {
      if (path.startsWith(PATHS.index()) && !path.startsWith(PATHS.maps())) {
        final CRC32C checksum = new CRC32C();
        checksum.update(Files.readAllBytes(directory.resolve(path)));
        runs.put(path, checksum.getValue());
      }
    }
    return runs;
  }
}
