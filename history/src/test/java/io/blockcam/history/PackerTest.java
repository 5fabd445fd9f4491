package io.blockcam.history;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blockcam.archive.RecordingPaths;
import io.blockcam.archive.hash.Sha256Digest;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.archive.segment.RandomAccessBytes;
import io.blockcam.archive.segment.SegmentException;
import io.blockcam.archive.segment.SegmentReader;
import io.blockcam.store.FaultyStore;
import io.blockcam.store.ObjectStore;
import io.blockcam.store.StoreRefusedException;
import io.blockcam.store.Stores;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Small segments are put together, and whoever looks for one does not notice. */
final class PackerTest {
  private static final RecordingPaths PATHS = new RecordingPaths(TestRecording.NAME);
  private static final String PACK = PATHS.pack(64, 0);
  private static final int SEGMENTS = 90;
  private static final int PACKED = 64;

  /** Of a size alone, so that tests are fast. */
  private static final List<Integer> SIZES = List.of(PACKED);

  @TempDir private static Path template;
  @TempDir private Path directory;
  @TempDir private Path work;
  private ObjectStore store;

  @BeforeAll
  static void record() throws IOException {
    final TestRecording recording = new TestRecording(template, 1 << 20);
    recording.point(RecordKind.START);
    for (int s = 0; s < SEGMENTS; s++) {
      recording.data(s % 256, 0xff, 0, TestRecording.filled(s));
      recording.seal();
    }
  }

  @BeforeEach
  void open() throws IOException {
    try (Stream<Path> files = Files.walk(template)) {
      for (final Path file : files.filter(Files::isRegularFile).toList()) {
        final Path copy = directory.resolve(template.relativize(file));
        Files.createDirectories(copy.getParent());
        Files.createLink(copy, file);
      }
    }
    store = Stores.open(directory.toUri().toString());
  }

  @AfterEach
  void close() throws IOException {
    store.close();
  }

  private Path file(final String path) {
    return directory.resolve(path);
  }

  private RecordingReader reader() throws IOException {
    return RecordingReader.open(store, TestRecording.NAME);
  }

  private Packer packer() throws IOException {
    return new Packer(store, reader().recording(), work, SIZES, Long.MAX_VALUE);
  }

  private List<Sha256Digest> digests() throws IOException {
    return reader().segments().stream().map(segment -> segment.trailer().digest()).toList();
  }

  private static SegmentPlace place(final RecordingReader reader, final long number)
      throws IOException {
    return Objects.requireNonNull(reader.listing(number).next());
  }

  /** Other bytes: the file may be a link to that of the template. */
  private void change(final String path, final int offset) throws IOException {
    final byte[] bytes = Files.readAllBytes(file(path));
    bytes[offset < 0 ? bytes.length + offset : offset] ^= 1;
    Files.delete(file(path));
    Files.write(file(path), bytes);
  }

  private List<String> objects() throws IOException {
    try (Stream<Path> files = Files.walk(file(PATHS.name()))) {
      return files
          .filter(Files::isRegularFile)
          .map(path -> directory.relativize(path).toString())
          .filter(path -> !path.endsWith(".json"))
          .sorted()
          .toList();
    }
  }

  @Test
  void packsWhatIsBehindTheHeadAndChangesNothing() throws IOException {
    final List<Sha256Digest> before = digests();
    final Segments known = reader().find();
    assertThat(packer().run(SEGMENTS, Progress.NONE)).isEqualTo(new Packer.Result(1, PACKED));
    assertThat(objects()).hasSize(1 + SEGMENTS - PACKED).startsWith(PACK, PATHS.segment(PACKED));
    assertThat(digests()).isEqualTo(before);
    for (int number = 0; number < SEGMENTS; number += 7) {
      assertThat(reader().find().open(number).trailer().digest()).isEqualTo(before.get(number));
      assertThat(known.open(number).trailer().digest())
          .as("by one who knew the segments before")
          .isEqualTo(before.get(number));
    }
    assertThat(Files.list(work)).isEmpty();
    assertThat(packer().run(SEGMENTS, Progress.NONE))
        .as("once more")
        .isEqualTo(new Packer.Result(0, 0));
  }

  /** Directories of a thousand, made by names alone. */
  @Test
  void removesDirectoriesInWhichNothingIsAnyMore() throws IOException {
    Files.createDirectories(file(PATHS.segments(1000)));
    Files.createDirectories(file(PATHS.segments(2000)));
    Files.createLink(file(PATHS.segment(2000)), template.resolve(PATHS.segment(0)));
    Files.createDirectories(file(PATHS.segments(3000)));
    packer().run(3008, Progress.NONE);
    assertThat(file(PATHS.segments(0))).as("has those behind the pack").exists();
    assertThat(file(PATHS.segments(1000))).doesNotExist();
    assertThat(file(PATHS.segments(2000))).as("is not empty").exists();
    assertThat(file(PATHS.segments(3000))).as("may be filled yet").exists();
  }

  @Test
  void waitsForTheHead() throws IOException {
    final Packer packer = packer();
    assertThat(packer.run(PACKED - 1, Progress.NONE)).isEqualTo(new Packer.Result(0, 0));
    assertThat(packer.run(PACKED, Progress.NONE)).isEqualTo(new Packer.Result(1, PACKED));
    assertThat(packer.run(SEGMENTS, Progress.NONE)).isEqualTo(new Packer.Result(0, 0));
  }

  @Test
  void goesOnWhereItWasKilled() throws IOException {
    final List<Sha256Digest> before = digests();
    packer().run(PACKED, Progress.NONE);
    for (final long number : new long[] {0, 7, 63}) {
      Files.createDirectories(file(PATHS.segments(0)));
      Files.createLink(file(PATHS.segment(number)), template.resolve(PATHS.segment(number)));
    }
    assertThat(digests()).as("what is there twice").isEqualTo(before);
    assertThat(packer().run(PACKED, Progress.NONE)).isEqualTo(new Packer.Result(0, 3));
    assertThat(digests()).isEqualTo(before);
  }

  @Test
  void removesNothingOfWhichThePackHasNoSoundCopy() throws IOException {
    final List<Sha256Digest> before = digests();
    packer().run(PACKED, Progress.NONE);
    Files.createDirectories(file(PATHS.segments(0)));
    Files.createLink(file(PATHS.segment(0)), template.resolve(PATHS.segment(0)));
    change(PACK, 5000); // in segment 0
    assertThat(packer().run(PACKED, Progress.NONE)).isEqualTo(new Packer.Result(0, 0));
    assertThat(file(PATHS.segment(0))).exists();
    Files.delete(file(PACK));
    assertThat(reader().trailer(0).digest()).isEqualTo(before.getFirst());
  }

  @Test
  void leavesSegmentsAloneOfWhichOneIsDamaged() throws IOException {
    change(PATHS.segment(20), 5000);
    final Packer packer = packer();
    assertThat(packer.run(SEGMENTS, Progress.NONE)).isEqualTo(new Packer.Result(0, 0));
    assertThat(file(PACK)).doesNotExist();
    assertThat(file(PATHS.segment(19))).exists();
  }

  @Test
  void stopsWhereNothingMayBeRemoved() throws IOException {
    final FaultyStore faulty = new FaultyStore(store);
    faulty.inject(
        (call, operation, after) -> {
          if (operation.equals("delete") && !after) {
            throw new StoreRefusedException("delete: permission denied");
          }
        });
    final Packer packer = new Packer(faulty, reader().recording(), work, SIZES, Long.MAX_VALUE);
    assertThat(packer.run(SEGMENTS, Progress.NONE)).isEqualTo(new Packer.Result(1, 0));
    final int calls = faulty.calls().size();
    assertThat(packer.run(SEGMENTS, Progress.NONE)).isEqualTo(new Packer.Result(0, 0));
    assertThat(faulty.calls()).as("none more").hasSize(calls);
    assertThat(digests()).hasSize(SEGMENTS);
  }

  @Test
  void isNotNoticedByOneWhoIsReading() throws IOException {
    final RecordingReader reader = reader();
    final SegmentPlace place = place(reader, 30);
    final SegmentBytes bytes = reader.bytes(place);
    final SegmentReader open = SegmentReader.open(reader.bytes(place)).withoutTail();
    final ByteBuffer expected = ByteBuffer.allocate(6000);
    bytes.read(0, expected);
    try (RandomAccessBytes.Sequence sequence = reader.bytes(place).sequence(1, 5999)) {
      packer().run(SEGMENTS, Progress.NONE);
      final ByteBuffer found = ByteBuffer.allocate(6000);
      found.put(expected.get(0));
      sequence.read(found);
      assertThat(found.array()).isEqualTo(expected.array());
    }
    final ByteBuffer found = ByteBuffer.allocate(6000);
    bytes.read(0, found);
    assertThat(found.array()).isEqualTo(expected.array());
    assertThat(bytes.name()).endsWith("0000000000-0000000063.pack/0000000030.seg");
    assertThat(open.records().count()).isEqualTo(1);
  }

  @Test
  void isNotNoticedByOneWhoListsThem() throws IOException {
    final SegmentListing listing = reader().listing(0);
    final List<Long> numbers = new ArrayList<>();
    for (SegmentPlace next = listing.next(); next != null; next = listing.next()) {
      numbers.add(next.number());
      if (next.number() == 3) {
        packer().run(SEGMENTS, Progress.NONE);
      }
    }
    assertThat(numbers).hasSize(SEGMENTS).isSorted().doesNotHaveDuplicates();
  }

  @Test
  void findsTheSegmentsByTheCopyOfADamagedDirectory() throws IOException {
    final List<Sha256Digest> before = digests();
    packer().run(SEGMENTS, Progress.NONE);
    change(PACK, 60);
    assertThat(digests()).as("by that at the end").isEqualTo(before);
    change(PACK, 60);
    change(PACK, -60);
    assertThat(digests()).as("by that at the beginning").isEqualTo(before);
  }

  @Test
  void saysWhichSegmentsAreLostWhereNobodyKnowsWhereTheyAre() throws IOException {
    packer().run(SEGMENTS, Progress.NONE);
    change(PACK, 60);
    change(PACK, -60);
    assertThatThrownBy(() -> reader().segments())
        .isInstanceOf(SegmentException.class)
        .hasMessageContaining("packs/0000000000.seg: has 0 bytes");
    final Segments left = reader().findWhatIsLeft();
    assertThat(left.readable(63)).isEmpty();
    assertThat(left.readable(64)).isPresent();
    assertThat(left.end()).isEqualTo(SEGMENTS);
  }

  @Test
  void tellsWhatIsWrongWithAPackThoughNothingIsLost() throws IOException {
    packer().run(SEGMENTS, Progress.NONE);
    final RecordingReader reader = reader();
    final SegmentPlace place = place(reader, 0);
    assertThat(reader.packFindings().next(place, Optional.empty())).isEmpty();
    change(PACK, -60);
    final PackFindings findings = reader.packFindings();
    assertThat(findings.next(place, Optional.empty()))
        .singleElement()
        .asString()
        .endsWith(PACK + ": has a damaged directory");
    assertThat(findings.next(place(reader, 1), Optional.empty())).as("is told").isEmpty();
    assertThat(findings.next(place(reader, 89), Optional.empty())).as("is in none").isEmpty();
  }

  /** Killed between the two, the packer leaves the same; anything else is somebody's work. */
  @Test
  void comparesASegmentWithTheOneInItsPack() throws IOException {
    final SegmentPlace own = place(reader(), 3);
    final byte[] bytes = Files.readAllBytes(file(own.path()));
    packer().run(SEGMENTS, Progress.NONE);
    Files.createDirectories(file(own.path()).getParent());
    Files.write(file(own.path()), bytes);
    final RecordingReader reader = reader();
    assertThat(reader.packFindings().next(own, Optional.of(reader.trailer(3).digest()))).isEmpty();
    assertThat(reader.packFindings().next(own, Optional.of(reader.trailer(4).digest())))
        .singleElement()
        .asString()
        .endsWith(own.path() + ": is not the segment that is in the pack");
  }

  @Test
  void leavesASpanAloneWhereADirectoryStandsInTheWayOfItsPack() throws IOException {
    Files.createDirectories(file(PACK));
    final Packer packer = packer();
    assertThat(packer.run(SEGMENTS, Progress.NONE).segments()).isZero();
    assertThat(packer.run(SEGMENTS, Progress.NONE).segments()).isZero();
    assertThat(reader().segments()).hasSize(SEGMENTS);
  }

  @Test
  void isNoPackWhereTheFileIsShorterThanADirectory() throws IOException {
    packer().run(SEGMENTS, Progress.NONE);
    Files.write(file(PACK), new byte[100]);
    assertThatThrownBy(() -> reader().segments())
        .isInstanceOf(SegmentException.class)
        .hasMessageContaining("has 0 bytes");
  }

  @Test
  void readsWhatIsLeftOfAPackThatIsCut() throws IOException {
    packer().run(SEGMENTS, Progress.NONE);
    final String pack = PACK;
    final byte[] bytes = Files.readAllBytes(file(pack));
    Files.write(file(pack), Arrays.copyOf(bytes, bytes.length / 2));
    final Segments left = reader().findWhatIsLeft();
    assertThat(left.readable(20)).isPresent();
    assertThat(left.readable(40)).isEmpty();
    assertThatThrownBy(() -> reader().trailer(40))
        .isInstanceOf(SegmentException.class)
        .hasMessageContaining("0000000040.seg: is cut: its pack has");
  }

  @Test
  void costsOneRequestASegmentOnceThePackIsKnown() throws IOException {
    packer().run(SEGMENTS, Progress.NONE);
    final CountingStore counting = new CountingStore(store);
    final RecordingReader reader = RecordingReader.open(counting.store(), TestRecording.NAME);
    reader.trailer(50);
    final int before = counting.reads();
    reader.trailer(0);
    reader.trailer(49);
    assertThat(counting.reads() - before).as("of the segments alone").isEqualTo(2);
  }
}
