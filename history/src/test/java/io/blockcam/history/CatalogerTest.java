package io.blockcam.history;

import static org.assertj.core.api.Assertions.assertThat;

import io.blockcam.archive.index.CatalogBuilder;
import io.blockcam.archive.index.CatalogReader;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.store.ObjectStore;
import java.io.IOException;
import java.io.OutputStream;
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

/**
 * Catalogs name each record once, and whatever is found of them, there are sound ones in the end.
 */
final class CatalogerTest {
  private static final int BLOCKS = 256;
  private static final int RECORDS = 5;

  private final SplittableRandom random = new SplittableRandom(6);

  @TempDir private Path directory;
  private TestRecording recording;

  @BeforeEach
  void begin() throws IOException {
    recording = new TestRecording(directory, BLOCKS * 4096L);
    recording.point(RecordKind.START);
  }

  private void write(final int segments) throws IOException {
    for (int s = 0; s < segments; s++) {
      for (int r = 0; r < RECORDS; r++) {
        final byte[] payload = new byte[4096];
        random.nextBytes(payload);
        recording.data(random.nextInt(BLOCKS), 0xff, 0, payload);
      }
      recording.seal();
    }
  }

  private Indexer.Result index(final boolean check) throws IOException {
    try (ObjectStore store = recording.store()) {
      final RecordingReader reader = RecordingReader.open(store, TestRecording.NAME);
      return new Indexer(store, reader, directory, 2).run(reader.find(), check);
    }
  }

  private Path catalogDirectory() {
    return directory.resolve(TestRecording.NAME).resolve("index/catalogs");
  }

  private List<String> catalogs() throws IOException {
    try (Stream<Path> files = Files.walk(catalogDirectory())) {
      return files
          .filter(Files::isRegularFile)
          .map(file -> catalogDirectory().relativize(file).toString())
          .sorted()
          .toList();
    }
  }

  private List<String> findings() throws IOException {
    final List<String> findings = new ArrayList<>();
    try (ObjectStore store = recording.store()) {
      final RecordingReader reader = RecordingReader.open(store, TestRecording.NAME);
      new IndexVerifier(reader, reader.find(), 2)
          .run((path, problem) -> findings.add(problem), Progress.NONE);
    }
    return findings;
  }

  private Catalogs found() throws IOException {
    try (ObjectStore store = recording.store()) {
      final RecordingReader reader = RecordingReader.open(store, TestRecording.NAME);
      final Segments segments = reader.find();
      return Catalogs.of(reader, segments, segments.end());
    }
  }

  @Test
  void largerOnesReplaceThoseThatTheyAreMadeOf() throws IOException {
    write(60);
    assertThat(index(false).catalogs()).isEqualTo(7);
    assertThat(catalogs()).hasSize(7).allMatch(name -> name.startsWith("8/"));
    assertThat(found().others().stream()).containsExactly(56L, 57L, 58L, 59L);

    final Path part = catalogDirectory().resolve(catalogs().getFirst());
    final byte[] left = Files.readAllBytes(part);
    write(15);
    assertThat(index(false).catalogs()).isEqualTo(3);
    assertThat(catalogs())
        .containsExactly("64/0000000000-0000000063.catalog", "8/0000000064-0000000071.catalog");
    assertThat(found().all())
        .extracting(catalog -> catalog.cover().firstSegment())
        .containsExactly(0L, 64L);
    assertThat(found().others().stream()).containsExactly(72L, 73L, 74L);
    assertThat(findings()).isEmpty();

    Files.write(part, left); // who is killed before it removes them leaves some
    assertThat(found().all()).hasSize(2);
    assertThat(index(false).catalogs()).isZero();
    assertThat(catalogs()).hasSize(2);
  }

  @Test
  void whatIsDamagedIsMadeAnewWhereItIsNeeded() throws IOException {
    write(60);
    index(false);
    final Path page = catalogDirectory().resolve(catalogs().get(2));
    final byte[] bytes = Files.readAllBytes(page);
    bytes[10] ^= 4;
    Files.write(page, bytes);
    Files.write(catalogDirectory().resolve(catalogs().get(4)), new byte[] {1, 2, 3});
    assertThat(found().others().count()).as("its trailer says so").isEqualTo(8 + 4);
    assertThat(findings()).hasSize(2);
    write(4);
    assertThat(index(false).damaged()).isEqualTo(2);
    assertThat(catalogs()).containsExactly("64/0000000000-0000000063.catalog");
    assertThat(findings()).isEmpty();
  }

  /** It is well formed, of these segments, and names records that they do not have. */
  @Test
  void oneThatLiesIsFound() throws IOException {
    write(10);
    index(false);
    final Path file = catalogDirectory().resolve(catalogs().getFirst());
    try (ObjectStore store = recording.store();
        CatalogBuilder builder = new CatalogBuilder(directory, 1000);
        OutputStream out = Files.newOutputStream(file)) {
      final RecordingReader reader = RecordingReader.open(store, TestRecording.NAME);
      final Segments segments = reader.find();
      for (int s = 0; s < 8; s++) {
        builder.add(segments.trailer(s), segments.open(s == 3 ? 4 : s).tables());
      }
      builder.write(out);
    }
    assertThat(found().all()).extracting(CatalogReader::cover).hasSize(1);
    assertThat(findings())
        .singleElement()
        .asString()
        .contains("0000000007.catalog: does not name the records of its segments");
    assertThat(index(false).damaged()).isZero();
    assertThat(index(true).damaged()).isEqualTo(1);
    assertThat(findings()).isEmpty();
  }

  @Test
  void thoseOfOtherSegmentsAreOfNoUse() throws IOException {
    write(10);
    index(false);
    final Path first = catalogDirectory().resolve(catalogs().getFirst());
    write(10);
    index(false);
    final Path second = catalogDirectory().resolve(catalogs().get(1));
    Files.copy(first, second, StandardCopyOption.REPLACE_EXISTING);
    assertThat(found().all()).hasSize(1);
    assertThat(index(true).damaged()).isEqualTo(1);
    assertThat(found().all()).hasSize(2);
  }
}
