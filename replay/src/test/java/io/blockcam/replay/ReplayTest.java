package io.blockcam.replay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blockcam.archive.segment.SegmentException;
import io.blockcam.archive.store.ObjectStore;
import io.blockcam.archive.store.Stores;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Rule 1, replay equals disk, and rule 6, same moment same bytes, against an independent model. */
final class ReplayTest {

  @TempDir Path dir;

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void replayEqualsDiskAtEverySequence(final long seed) throws Exception {
    final RecordedDisk disk = disk(256 * 1024, seed);
    try (ObjectStore store = store()) {
      for (final long sequence : disk.sequences) {
        if (sequence % 20 == seed) {
          assertThat(restore(store, "seq:" + sequence)).isEqualTo(disk.stateAt(sequence));
        }
      }
      assertThat(restore(store, "latest")).isEqualTo(disk.latest());
    }
  }

  @Test
  void replayEqualsDiskThatEndsInsideABlock() throws Exception {
    final RecordedDisk disk = disk(64 * 1024 + 1536, 6);
    try (ObjectStore store = store()) {
      assertThat(restore(store, "latest")).isEqualTo(disk.latest());
    }
  }

  @Test
  void shouldTakeTheLastRecordOfTheNanosecondAskedFor() throws Exception {
    final RecordedDisk disk = disk(64 * 1024, 7);
    try (ObjectStore store = store()) {
      for (long sequence = 3; sequence < disk.lastSequence(); sequence += 11) {
        final long timeNs = disk.timeOf(sequence);
        long last = sequence;
        while (last < disk.lastSequence() && disk.timeOf(last + 1) == timeNs) {
          last++;
        }
        assertThat(restore(store, Nanos.toInstant(timeNs).toString()))
            .isEqualTo(disk.stateAt(last));
      }
    }
  }

  @Test
  void shouldBeAnEmptyDiskBeforeTheFirstRecord() throws Exception {
    disk(64 * 1024, 8);
    try (ObjectStore store = store()) {
      assertThat(restore(store, Nanos.toInstant(RecordedDisk.START_NS - 500).toString()))
          .isEqualTo(new byte[64 * 1024]);
    }
  }

  @Test
  void sameMomentGivesSameHash() throws Exception {
    final RecordedDisk disk = disk(64 * 1024, 9);
    try (ObjectStore store = store()) {
      final String first = image(store, "latest", dir.resolve("a")).sha256();
      final String second = image(store, "latest", dir.resolve("b")).sha256();
      assertThat(first).isEqualTo(second).isEqualTo(sha256(disk.latest()));
    }
  }

  @Test
  void refusesMomentsThatTheRecordingDoesNotHave() throws Exception {
    final RecordedDisk disk = disk(64 * 1024, 10);
    try (ObjectStore store = store()) {
      assertThatThrownBy(() -> restore(store, "2001-01-01T00:00:00Z"))
          .isInstanceOf(MomentException.class)
          .hasMessageContaining("lies before the recording began");
      assertThatThrownBy(() -> restore(store, "2201-01-01T00:00:00Z"))
          .isInstanceOf(MomentException.class)
          .hasMessageContaining("lies in the future");
      assertThatThrownBy(() -> restore(store, "seq:" + (disk.lastSequence() + 1)))
          .isInstanceOf(MomentException.class)
          .hasMessageContaining("the recording has seq:0 to seq:" + disk.lastSequence());
    }
  }

  @Test
  void refusesToReplaceAFileAndLeavesItAlone() throws Exception {
    disk(64 * 1024, 11);
    final Path file = Files.writeString(dir.resolve("mine"), "precious");
    try (ObjectStore store = store()) {
      assertThatThrownBy(() -> image(store, "latest", file))
          .isInstanceOf(ImageFileException.class)
          .hasMessageContaining(file + " exists");
      assertThat(file).hasContent("precious");
      assertThat(partFiles()).isEmpty();
    }
  }

  @Test
  void refusesMissingSegment() throws Exception {
    final RecordedDisk disk = disk(64 * 1024, 12);
    Files.delete(disk.segments().resolve("0000000001.seg"));
    try (ObjectStore store = store()) {
      assertThatThrownBy(() -> restore(store, "latest"))
          .isInstanceOf(SegmentException.class)
          .hasMessageContaining("segment 1 is missing before it");
      assertThat(verify(store)).anyMatch(f -> f.contains("segment 1 is missing"));
    }
  }

  @Test
  void refusesSegmentOfAnotherRecording() throws Exception {
    final RecordedDisk disk = disk(64 * 1024, 13);
    final RecordedDisk other =
        new RecordedDisk(Files.createDirectory(dir.resolve("other")), 64 * 1024, 14);
    other.epoch(1, 2, 10);
    Files.copy(
        other.segments().resolve("0000000001.seg"),
        disk.segments().resolve("0000000001.seg"),
        java.nio.file.StandardCopyOption.REPLACE_EXISTING);
    try (ObjectStore store = store()) {
      assertThatThrownBy(() -> restore(store, "latest"))
          .isInstanceOf(SegmentException.class)
          .hasMessageContaining("0000000001.seg")
          .hasMessageContaining("belongs to recording");
      assertThat(verify(store)).anyMatch(f -> f.contains("belongs to recording"));
    }
  }

  @Test
  void refusesFlippedPayloadBitAndLeavesNoImage() throws Exception {
    final RecordedDisk disk = disk(64 * 1024, 15);
    final Path segment = disk.segments().resolve("0000000002.seg");
    final byte[] bytes = Files.readAllBytes(segment);
    final int payloads = (bytes.length - 4096 - 512 - 61 * 64) / (4096 + 64);
    for (int at = 4096; at < 4096 * (1 + payloads); at += 4096) {
      bytes[at] ^= 1;
    }
    Files.write(segment, bytes);
    try (ObjectStore store = store()) {
      final Path image = dir.resolve("image");
      assertThatThrownBy(() -> image(store, "seq:181", image))
          .isInstanceOf(SegmentException.class)
          .hasMessageContaining("0000000002.seg")
          .hasMessageContaining("record ");
      assertThat(image).doesNotExist();
      assertThat(partFiles()).isEmpty();
      assertThat(verify(store)).anyMatch(f -> f.contains("0000000002.seg: record "));
    }
  }

  @Test
  void refusesSegmentThatWasCutShort() throws Exception {
    final RecordedDisk disk = disk(64 * 1024, 16);
    final Path segment = disk.segments().resolve("0000000002.seg");
    final byte[] bytes = Files.readAllBytes(segment);
    Files.write(segment, java.util.Arrays.copyOf(bytes, bytes.length - 100));
    try (ObjectStore store = store()) {
      assertThatThrownBy(() -> restore(store, "latest"))
          .isInstanceOf(SegmentException.class)
          .hasMessageContaining("cut short");
      // One damaged file is one finding: its neighbours are not blamed.
      assertThat(verify(store)).hasSize(1);
    }
  }

  @Test
  void shouldFindNothingWrongWithAWholeRecord() throws Exception {
    disk(64 * 1024, 17);
    try (ObjectStore store = store()) {
      assertThat(verify(store)).isEmpty();
    }
  }

  @Test
  void shouldTellWhatARecordingCovers() throws Exception {
    final RecordedDisk disk = disk(64 * 1024, 18);
    try (ObjectStore store = store()) {
      final RecordingReader reader = RecordingReader.open(store, RecordedDisk.NAME);
      final RecordingInfo info =
          RecordingInfo.read(reader.recording(), reader.segments(), done -> {});
      assertThat(info.totalRecords()).isEqualTo(disk.sequences.size());
      assertThat(info.epochs()).hasSize(2).allMatch(RecordingInfo.Epoch::clean);
      assertThat(info.epochs().get(1).firstSequence())
          .isEqualTo(info.epochs().get(0).lastSequence() + 1);
      assertThat(info.last().orElseThrow().sequence()).isEqualTo(disk.lastSequence());
    }
  }

  @Test
  void shouldSayWhichRecordingsThereAre() throws Exception {
    disk(64 * 1024, 19);
    try (ObjectStore store = store()) {
      assertThat(RecordingReader.names(store)).containsExactly(RecordedDisk.NAME);
      assertThatThrownBy(() -> RecordingReader.open(store, "other"))
          .isInstanceOf(NoSuchRecordingException.class)
          .hasMessageContaining("there is model");
    }
  }

  private RecordedDisk disk(final int bytes, final long seed) throws IOException {
    return new RecordedDisk(Files.createDirectory(dir.resolve("archive")), bytes, seed)
        .epoch(1, 3, 60)
        .epoch(2, 2, 60);
  }

  private ObjectStore store() throws IOException {
    return Stores.open(dir.resolve("archive").toUri().toString());
  }

  private byte[] restore(final ObjectStore store, final String when) throws IOException {
    final Path file = dir.resolve("image-" + System.nanoTime());
    image(store, when, file);
    final byte[] bytes = Files.readAllBytes(file);
    Files.delete(file);
    return bytes;
  }

  private static ImageWriter.Image image(
      final ObjectStore store, final String when, final Path file) throws IOException {
    final RecordingReader reader = RecordingReader.open(store, RecordedDisk.NAME);
    final List<Segment> segments = reader.segments();
    final Moment moment =
        new MomentResolver(reader.recording(), segments)
            .resolve(
                When.parse(when, RecordedDisk.now(), java.time.ZoneOffset.UTC), RecordedDisk.now());
    final BlockMap map = BlockMap.at(segments, moment, done -> {});
    return new ImageWriter(reader.recording().diskBytes(), segments, map, (what, done, total) -> {})
        .write(file, false);
  }

  private static List<String> verify(final ObjectStore store) throws IOException {
    final List<String> findings = new ArrayList<>();
    new Verifier(RecordingReader.open(store, RecordedDisk.NAME))
        .run(findings::add, (done, total) -> {});
    return findings;
  }

  private List<String> partFiles() throws IOException {
    try (Stream<Path> files = Files.list(dir)) {
      return files.map(p -> p.getFileName().toString()).filter(n -> n.contains(".part-")).toList();
    }
  }

  private static String sha256(final byte[] bytes) throws Exception {
    return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
  }
}
