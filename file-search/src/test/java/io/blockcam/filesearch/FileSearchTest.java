package io.blockcam.filesearch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.blockcam.archive.Moment;
import io.blockcam.archive.hash.SectorHash;
import io.blockcam.archive.record.GapReason;
import io.blockcam.archive.record.RecordFlags;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.filesearch.Presence.End;
import io.blockcam.filesearch.Presence.Span;
import io.blockcam.history.Indexer;
import io.blockcam.history.RecordingReader;
import io.blockcam.history.TestRecording;
import io.blockcam.store.ObjectStore;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class FileSearchTest {
  private final SplittableRandom random = new SplittableRandom(7);
  private TargetSet.Builder builder = new TargetSet.Builder();

  @TempDir private Path directory;
  private TestRecording recording;

  @BeforeEach
  void begin() throws IOException {
    recording = new TestRecording(directory, 1 << 20);
    recording.point(RecordKind.START); // sequence 0
  }

  /** Of random bytes, but for a sector of zeroes in the middle. */
  private byte[] file(final int bytes) throws IOException {
    final byte[] content = new byte[bytes];
    random.nextBytes(content);
    if (bytes > 1536) {
      Arrays.fill(content, 1024, 1536, (byte) 0);
    }
    new FileHasher().read("f", new ByteArrayInputStream(content), builder);
    return content;
  }

  private Sighting search() throws IOException {
    return search(FileSearch.Window.ALL);
  }

  private Sighting search(final FileSearch.Window window) throws IOException {
    recording.seal();
    try (ObjectStore store = recording.store()) {
      final RecordingReader reader = RecordingReader.open(store, TestRecording.NAME);
      final FileSearch.Result found =
          Searches.run(reader, reader.find(), builder.build(), window, /* useIndex= */ false);
      assertThat(found.notSearched()).isEmpty();
      assertThat(found.sightings()).hasSize(1);
      return found.sightings().getFirst();
    }
  }

  private static List<Extent> extents(final Evidence evidence) {
    return evidence.extents().stream().map(Evidence.Item::extent).toList();
  }

  /** Writes a file to the disk, from a sector on; bytes outside of it are rubbish. */
  private void write(final long firstSector, final byte[] content, final int from, final int to)
      throws IOException {
    for (long block = firstSector / 8; 8 * block < firstSector + (to - from + 511) / 512; block++) {
      final byte[] payload = TestRecording.filled(0x55);
      int mask = 0;
      for (int s = 0; s < 8; s++) {
        final long at = from + (8 * block + s - firstSector) * 512;
        if (at >= from && at < to) {
          mask |= 1 << s;
          Arrays.fill(payload, 512 * s, 512 * s + 512, (byte) 0);
          System.arraycopy(content, (int) at, payload, 512 * s, (int) Math.min(512, to - at));
        }
      }
      recording.data(block, mask, 0, payload);
    }
  }

  private static Moment at(final long sequence) {
    return new Moment(0, sequence, TestRecording.CREATED.getEpochSecond() * 1_000_000_000L + 1);
  }

  @Test
  void findsAFileFromItsLastWriteToItsEnd() throws IOException {
    final byte[] file = file(10_000);
    write(80, file, 0, 10_000); // blocks 10, 11, 12: 1, 2, 3
    recording.data(50, 0xff, 0, TestRecording.filled(1)); // 4
    recording.seal();
    recording.run(RecordKind.DISCARD, 11, 1, 0); // 5
    recording.data(10, 0xff, 0, TestRecording.filled(2)); // 6
    recording.data(12, 0xff, 0, TestRecording.filled(2)); // 7
    final Sighting found = search();
    assertThat(found.whole())
        .extracting(Span::first, span -> span.end().orElseThrow(), Span::how)
        .containsExactly(tuple(at(3), at(5), End.DISCARDED));
    assertThat(found.parts())
        .extracting(Span::first, span -> span.end().orElseThrow(), Span::best, Span::how)
        .containsExactly(tuple(at(1), at(7), 18, End.OVERWRITTEN));
  }

  @Test
  void findsItAtAnySectorAndInFragments() throws IOException {
    final byte[] file = file(20_000);
    write(63, file, 0, 8192); // unlike the blocks of the record
    write(1003, file, 8192, 20_000);
    final Sighting found = search();
    assertThat(found.whole()).singleElement().extracting(Span::how).isEqualTo(End.STILL_THERE);
  }

  @Test
  void isWholeOnlyWithWhatProvesNothing() throws IOException {
    final byte[] file = file(4096);
    recording.data(5, 0xff, 0, TestRecording.filled(9)); // 1: where its zeroes will be
    write(40, file, 0, 1024); // 2
    write(43, file, 1536, 4096); // 3
    write(42, file, 1024, 1536); // 4: the sector of zeroes
    assertThat(search().whole()).extracting(Span::first).containsExactly(at(4));
  }

  @Test
  void knowsWhatWasZeroBeforeTheRecordBegan() throws IOException {
    final byte[] file = file(4096);
    write(40, file, 0, 1024); // 1
    write(43, file, 1536, 4096); // 2
    assertThat(search().whole()).extracting(Span::first).containsExactly(at(2));
  }

  @Test
  void countsNoWriteThatFailed() throws IOException {
    final byte[] file = file(4096);
    recording.data(5, 0xff, RecordFlags.FAILED, Arrays.copyOf(file, 4096));
    assertThat(search().parts()).isEmpty();
  }

  @Test
  void tellsWhereTheRecordDoesNotKnow() throws IOException {
    final byte[] file = file(4096);
    write(40, file, 0, 4096);
    recording.gap(0, 200, GapReason.NO_ROOM);
    final Sighting found = search();
    assertThat(found.whole()).extracting(Span::how).containsExactly(End.LOST);
    assertThat(found.parts()).extracting(Span::how).containsExactly(End.LOST);
  }

  @Test
  void findsNothingOfAFileThatWasNeverThere() throws IOException {
    file(4096);
    recording.data(5, 0xff, 0, TestRecording.filled(3));
    final Sighting found = search();
    assertThat(found.whole()).isEmpty();
    assertThat(found.parts()).isEmpty();
  }

  /** Not what lies outside of the mask: nobody has written that. */
  @Test
  void looksAtNothingThatWasNotWritten() throws IOException {
    final byte[] file = file(4096);
    recording.data(5, 0b1, 0, file);
    assertThat(search().parts()).extracting(Span::best).containsExactly(1);
  }

  /** At the first whole moment, and at the last: a part of it was moved in between. */
  @Test
  void tellsWhereItWasAndWhichRecordsProveIt() throws IOException {
    final byte[] file = file(8192);
    write(80, file, 0, 8192); // 1, 2
    recording.seal();
    write(160, file, 4096, 8192); // 3
    recording.run(RecordKind.DISCARD, 11, 1, 0); // 4: it is elsewhere now
    recording.data(20, 0b1, 0, TestRecording.filled(9)); // 5: the end
    recording.run(RecordKind.DISCARD, 10, 1, 0); // 6
    recording.run(RecordKind.DISCARD, 20, 1, 0); // 7
    final Sighting found = search();
    assertThat(found.whole()).hasSize(1);
    assertThat(extents(found.first()))
        .containsExactly(
            new Extent(0, 8, 80, new Extent.Recorded(0, 1)),
            new Extent(8, 8, 88, new Extent.Recorded(0, 2)));
    assertThat(extents(found.last()))
        .containsExactly(
            new Extent(0, 8, 80, new Extent.Recorded(0, 1)),
            new Extent(8, 8, 160, new Extent.Recorded(1, 0)));
  }

  /** What stands behind the end of a file is that of another one. */
  @Test
  void findsAFileWithSomethingElseBehindItsEnd() throws IOException {
    final byte[] file = file(4096 + 100);
    write(80, file, 0, 4096); // 1
    final byte[] tail = TestRecording.filled(7);
    System.arraycopy(file, 4096, tail, 0, 100);
    recording.data(11, 0xff, 0, tail); // 2
    final Sighting found = search();
    assertThat(found.isPrefix()).isTrue();
    assertThat(found.isProven()).isTrue();
    assertThat(found.whole()).extracting(Span::first).containsExactly(at(2));
    assertThat(extents(found.last()))
        .containsExactly(
            new Extent(0, 8, 80, new Extent.Recorded(0, 1)),
            new Extent(8, 1, 88, new Extent.Recorded(0, 2)));
  }

  /** Its end is written over while the rest of it stays. */
  @Test
  void findsSuchAFileWhoseEndGoesFirst() throws IOException {
    final byte[] file = file(4096 + 100);
    final byte[] tail = TestRecording.filled(7);
    System.arraycopy(file, 4096, tail, 0, 100);
    recording.data(11, 0xff, 0, tail); // 1
    write(80, file, 0, 4096); // 2
    recording.data(11, 0xff, 0, TestRecording.filled(8)); // 3
    final Sighting found = search();
    assertThat(found.whole())
        .extracting(Span::first, span -> span.end().orElseThrow())
        .containsExactly(tuple(at(2), at(3)));
    assertThat(found.isProven()).isTrue();
  }

  /** The same sectors with another end are another file. */
  @Test
  void isNotWholeWithAnotherEnd() throws IOException {
    final byte[] file = file(4096 + 100);
    write(80, file, 0, 4096);
    recording.data(11, 0xff, 0, TestRecording.filled(7));
    final Sighting found = search();
    assertThat(found.verdict()).isEqualTo(Sighting.Verdict.PARTLY);
    assertThat(found.best().comparedBytes()).isEqualTo(4096);
    assertThat(found.coverage()).as("what its end has proves nothing").isEqualTo(1);
  }

  /** As cp --sparse makes them. */
  @Test
  void findsAFileWithAHole() throws IOException {
    final byte[] file = file(100_000);
    Arrays.fill(file, 8192, 90_112, (byte) 0);
    final TargetSet.Builder sparse = new TargetSet.Builder();
    new FileHasher().read("f", new ByteArrayInputStream(file), sparse);
    builder = sparse;
    recording.data(200, 0xff, 0, TestRecording.filled(7)); // 1: so that nothing there is zero
    write(80, file, 0, 8192); // 2, 3
    recording.data(12, 0xff, 0, TestRecording.filled(7)); // 4
    write(1600, file, 90_112, 100_000); // 5, 6, 7
    final Sighting found = search();
    assertThat(found.whole()).extracting(Span::first).containsExactly(at(7));
    assertThat(found.isProven()).isTrue();
    assertThat(found.isPrefix()).isFalse();
  }

  @Test
  void comparesWhatIsThereOfAPart() throws IOException {
    final byte[] file = file(20_480);
    write(80, file, 0, 4096); // 1
    write(804, file, 8192, 12_288); // 2, 3
    recording.data(100, 0b1000, 0, TestRecording.filled(7)); // 4: the second one is broken
    final Sighting found = search();
    assertThat(found.verdict()).isEqualTo(Sighting.Verdict.PARTLY);
    assertThat(found.best().comparedBytes()).isEqualTo(8192);
    assertThat(found.best().extents())
        .extracting(item -> item.source().orElseThrow().sequence())
        .containsExactly(1L, 2L, 3L);
  }

  @Test
  void tellsCopiesApart() throws IOException {
    final byte[] file = file(4096);
    write(80, file, 0, 4096); // 1
    write(804, file, 0, 4096); // 2, 3
    recording.run(RecordKind.DISCARD, 10, 1, 0); // 4
    final Sighting found = search();
    assertThat(found.whole()).extracting(Span::how).containsExactly(End.STILL_THERE);
    assertThat(found.copies())
        .containsExactly(
            new Sighting.Copy(80, List.of(new Span(at(1), Optional.of(at(4)), 0, End.DISCARDED))),
            new Sighting.Copy(804, List.of(new Span(at(3), Optional.empty(), 0, End.STILL_THERE))));
  }

  /** What was there when the window began is in it. */
  @Test
  void looksAtAWindowOfTheRecord() throws IOException {
    final byte[] file = file(4096);
    write(80, file, 0, 4096); // 1
    recording.seal();
    recording.run(RecordKind.DISCARD, 10, 1, 0); // 2
    write(80, file, 0, 4096); // 3
    recording.seal();
    recording.run(RecordKind.DISCARD, 10, 1, 0); // 4
    assertThat(search(new FileSearch.Window(-1, 0)).verdict()).isEqualTo(Sighting.Verdict.ABSENT);
    assertThat(search(new FileSearch.Window(1, 1)).whole())
        .extracting(Span::first, Span::how)
        .containsExactly(tuple(at(1), End.STILL_THERE));
    assertThat(search(new FileSearch.Window(2, 2)).parts()).isEmpty();
    assertThat(search(new FileSearch.Window(2, 9)).whole())
        .extracting(Span::first, span -> span.end().orElseThrow())
        .containsExactly(tuple(at(3), at(4)));
    assertThat(search(new FileSearch.Window(0, 3)).whole()).hasSize(2);
  }

  /** Its content may have been overwritten there. */
  @Test
  void passesOverADamagedSegment() throws IOException {
    final byte[] file = file(4096);
    write(80, file, 0, 4096); // 1
    recording.seal();
    recording.data(50, 0xff, 0, TestRecording.filled(1)); // 2
    recording.seal();
    final Path damaged = segment("0000000001.seg");
    recording.data(51, 0xff, 0, TestRecording.filled(1)); // 3
    recording.seal();
    final byte[] bytes = Files.readAllBytes(damaged);
    bytes[bytes.length - 600] ^= 1; // of the records
    Files.write(damaged, bytes);
    try (ObjectStore store = recording.store()) {
      final RecordingReader reader = RecordingReader.open(store, TestRecording.NAME);
      final FileSearch.Result found = find(reader, false);
      assertThat(found.notSearched()).singleElement().asString().contains("0000000001");
      assertThat(found.sightings().getFirst().whole())
          .containsExactly(new Span(at(1), Optional.of(at(3)), 7, End.LOST));
    }
  }

  /**
   * With an index little is read of a segment; nothing is said because of what nobody vouches for.
   */
  @Test
  void isNotMisledByDamagedHashes() throws IOException {
    final byte[] file = file(4096);
    write(80, file, 0, 4096); // 1
    recording.seal();
    write(80, file, 0, 4096); // 2: the same again
    recording.seal();
    fillAndIndex();
    try (ObjectStore store = recording.store()) {
      final RecordingReader reader = RecordingReader.open(store, TestRecording.NAME);
      assertThat(find(reader, true).sightings().getFirst().whole())
          .extracting(Span::first, Span::how)
          .containsExactly(tuple(at(1), End.STILL_THERE));

      damageHashes(reader, 1);
      final FileSearch.Result found = find(reader, true);
      assertThat(found.notSearched()).singleElement().asString().contains("0000000001");
      assertThat(found.sightings().getFirst().whole())
          .containsExactly(new Span(at(1), Optional.of(at(3)), 7, End.LOST));
      assertThat(found).isEqualTo(find(reader, false));
    }
  }

  /** The index names a record that does not have what it is named for: one of both is damaged. */
  @Test
  void isNotMisledByDamageThatHidesAFile() throws IOException {
    write(80, file(4096), 0, 4096); // 1
    recording.seal();
    write(160, new byte[4096], 0, 4096); // 2
    recording.seal();
    fillAndIndex();
    try (ObjectStore store = recording.store()) {
      final RecordingReader reader = RecordingReader.open(store, TestRecording.NAME);
      damageHashes(reader, 0);
      final FileSearch.Result found = find(reader, true);
      assertThat(found.notSearched()).singleElement().asString().contains("0000000000");
      assertThat(found).isEqualTo(find(reader, false));

      final Map<String, Long> most = new HashMap<>();
      new FileSearch(
              reader,
              reader.findWhatIsLeft(),
              builder.build(),
              FileSearch.Window.ALL,
              /* useIndex= */ true,
              (what, done, total) -> most.merge(what, total, Math::max))
          .run();
      assertThat(most).as("all else is still told by the index").containsEntry("searching", 1L);
    }
  }

  /** Up to nine segments, and an index of them. */
  private void fillAndIndex() throws IOException {
    for (int segment = 2; segment < 9; segment++) {
      recording.data(50, 0xff, 0, TestRecording.filled(segment)); // 3, ...
      recording.seal();
    }
    try (ObjectStore store = recording.store()) {
      final RecordingReader reader = RecordingReader.open(store, TestRecording.NAME);
      final int made =
          new Indexer(store, reader, directory, 2).run(reader.find(), /* check= */ false).made();
      assertThat(made).isPositive();
    }
  }

  /** All those of its first payload. */
  private void damageHashes(final RecordingReader reader, final long number) throws IOException {
    final Path damaged = segment("%010d.seg".formatted(number));
    final int offset = (int) reader.find().trailer(number).hashesOffset();
    final byte[] bytes = Files.readAllBytes(damaged);
    for (int i = 0; i < SectorHash.BLOCK_HASHES_BYTES; i++) {
      bytes[offset + i] ^= 1;
    }
    Files.write(damaged, bytes);
  }

  private FileSearch.Result find(final RecordingReader reader, final boolean useIndex)
      throws IOException {
    return Searches.run(
        reader, reader.findWhatIsLeft(), builder.build(), FileSearch.Window.ALL, useIndex);
  }

  private Path segment(final String name) throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      return files.filter(path -> path.toString().endsWith(name)).findAny().orElseThrow();
    }
  }

  @Test
  void findsASmallPartOfALargeFile() throws IOException {
    final byte[] file = file(4 << 20);
    write(80, file, 1 << 20, (1 << 20) + 8192);
    final Sighting found = search();
    assertThat(found.verdict()).isEqualTo(Sighting.Verdict.PARTLY);
    assertThat(found.best().comparedBytes()).isEqualTo(8192);
  }

  /** Everybody has it. */
  @Test
  void countsNothingThatIsKnownToBeGood() throws IOException {
    final byte[] file = file(4096);
    write(80, file, 0, 4096);
    final TargetSet.Without without = builder.build().without();
    new FileHasher().read("g", new ByteArrayInputStream(Arrays.copyOf(file, 2048)), without);
    final TargetSet targets = without.build();
    assertThat(targets.probative(0)).isEqualTo(4);
    recording.seal();
    try (ObjectStore store = recording.store()) {
      final RecordingReader reader = RecordingReader.open(store, TestRecording.NAME);
      final Sighting found =
          Searches.run(reader, targets, /* useIndex= */ false).sightings().getFirst();
      assertThat(found.probative()).isEqualTo(4);
      assertThat(found.verdict()).isEqualTo(Sighting.Verdict.PRESENT);
    }
  }
}
