package io.blockcam.replay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blockcam.archive.hash.Crc32c;
import io.blockcam.archive.record.RecordDescriptor;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.archive.segment.FileBytes;
import io.blockcam.archive.segment.SegmentException;
import io.blockcam.archive.segment.SegmentReader;
import io.blockcam.history.RecordingReader;
import io.blockcam.history.TestRecording;
import io.blockcam.store.ObjectStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Replay refuses rather than guesses, and verify says what is wrong, where. */
class DamagedRecordingTest {
  private static final long DISK_BYTES = 1 << 20;

  @TempDir private Path directory;

  @SuppressWarnings("NullAway.Init") // set before each test
  private TestRecording recording;

  /** Three segments of two records; one record each is also in the newest state of the disk. */
  @BeforeEach
  void record() throws IOException {
    recording = record(directory.resolve("archive"), 1);
  }

  private static TestRecording record(final Path root, final int first) throws IOException {
    final TestRecording recording = new TestRecording(root, DISK_BYTES);
    for (int segment = 0; segment < 3; segment++) {
      recording.data(segment, 0xff, 0, TestRecording.filled(first + segment));
      recording.data(99, 0xff, 0, TestRecording.filled(first + 10 + segment));
      recording.seal();
    }
    return recording;
  }

  @Test
  void findsNothingInAWholeRecordingAndNamesEpochsWithoutAnEnd() throws IOException {
    recording = new TestRecording(directory.resolve("whole"), DISK_BYTES);
    for (int epoch = 0; epoch < 4; epoch++) {
      recording.point(RecordKind.START);
      recording.data(epoch, 0xff, 0, TestRecording.filled(epoch));
      recording.seal();
      if (epoch % 2 == 0) {
        recording.point(RecordKind.STOP);
        recording.run(RecordKind.ZEROES, 7, 1, 0); // read back by the next start
      }
      recording.nextEpoch();
    }
    restore();
    try (ObjectStore store = recording.store()) {
      final List<String> findings = new ArrayList<>();
      final Verifier.Result result =
          new Verifier(RecordingReader.open(store, TestRecording.NAME))
              .run(findings::add, (done, total) -> {});
      assertThat(findings).isEmpty();
      assertThat(result.endless()).containsExactly(1L, 3L);
    }
  }

  @Test
  void findsAnEpochThatDoesNotBeginWithItsStart() throws IOException {
    assertThat(findings())
        .singleElement()
        .asString()
        .endsWith(
            "0000000000.seg: epoch 0 does not begin with a start: something before it is missing");
  }

  @Test
  void refusesADamagedPayloadAndNamesFileAndRecord() throws IOException {
    flip(1, 4096 + 5);
    assertThatThrownBy(this::restore)
        .isInstanceOf(SegmentException.class)
        .hasMessageContaining("0000000001.seg: record 0 (offset ")
        .hasMessageContaining("payload 0 has CRC32C");
    assertThat(findings()).anyMatch(finding -> finding.contains("0000000001.seg: record 0"));
  }

  @Test
  void leavesNothingOfAnImageItCouldNotFinish() throws IOException {
    flip(0, 4096 + 5);
    assertThatThrownBy(this::restore).isInstanceOf(SegmentException.class);
    try (Stream<Path> files = Files.list(directory)) {
      assertThat(files).containsExactly(directory.resolve("archive"));
    }
  }

  /**
   * Whoever edits a record can repair its checksum, but not the digest that the chain is made of.
   */
  @Test
  void refusesARecordThatWasEditedWithItsChecksumRepaired() throws IOException {
    final Path file = recording.segment(1);
    final byte[] bytes = Files.readAllBytes(file);
    final int at;
    try (FileBytes segment = FileBytes.open(file)) {
      at = (int) SegmentReader.open(segment).trailer().recordsOffset();
    }
    bytes[at + RecordDescriptor.BLOCK_OFFSET] ^= 0x10; // another place on the disk
    ByteBuffer.wrap(bytes)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt(
            at + RecordDescriptor.CRC32C_OFFSET,
            new Crc32c().of(bytes, at, RecordDescriptor.CRC32C_OFFSET));
    Files.write(file, bytes);
    assertThatThrownBy(this::restore)
        .isInstanceOf(SegmentException.class)
        .hasMessageContaining("0000000001.seg")
        .hasMessageContaining("SHA-256 of the tables");
  }

  @Test
  void refusesADamagedRecord() throws IOException {
    flip(1, 3 * 4096 + 32 + 2 * 64 + 70);
    assertThatThrownBy(this::restore)
        .isInstanceOf(SegmentException.class)
        .hasMessageContaining("0000000001.seg: record 1 (offset 12512): CRC32C");
    assertThat(findings()).anyMatch(finding -> finding.contains("record 1 (offset 12512)"));
  }

  @Test
  void tellsOfAKindThatIsNone() throws IOException {
    final Path file = recording.segment(1);
    final byte[] bytes = Files.readAllBytes(file);
    try (FileBytes segment = FileBytes.open(file)) {
      bytes[
              (int) SegmentReader.open(segment).trailer().recordsOffset()
                  + RecordDescriptor.KIND_OFFSET] =
          99;
    }
    Files.write(file, bytes);
    assertThat(findings()).anyMatch(finding -> finding.contains("0000000001.seg: record 0"));
  }

  @Test
  void refusesAMissingSegment() throws IOException {
    Files.delete(recording.segment(1));
    assertThatThrownBy(this::restore)
        .isInstanceOf(SegmentException.class)
        .hasMessageContaining("0000000002.seg: segment 1 is missing");
    assertThat(findings()).anyMatch(finding -> finding.contains("segment 1 is missing"));
  }

  @Test
  void refusesARecordingWithoutItsFirstSegment() throws IOException {
    Files.delete(recording.segment(0));
    assertThatThrownBy(this::restore).hasMessageContaining("segment 0 is missing");
  }

  @Test
  void refusesARenamedSegment() throws IOException {
    Files.copy(recording.segment(1), recording.segment(2), StandardCopyOption.REPLACE_EXISTING);
    assertThatThrownBy(this::restore)
        .isInstanceOf(SegmentException.class)
        .hasMessageContaining("0000000002.seg: is segment 1");
  }

  @Test
  void refusesASegmentOfAnotherHistory() throws IOException {
    final TestRecording other = record(directory.resolve("other"), 50);
    Files.copy(other.segment(1), recording.segment(1), StandardCopyOption.REPLACE_EXISTING);
    assertThatThrownBy(this::restore)
        .isInstanceOf(SegmentException.class)
        .hasMessageContaining("0000000001.seg")
        .hasMessageContaining("chain");
    // The one after it no longer follows either.
    assertThat(findings())
        .anyMatch(finding -> finding.contains("0000000001.seg"))
        .anyMatch(finding -> finding.contains("0000000002.seg"));
  }

  @Test
  void refusesATruncatedSegment() throws IOException {
    final byte[] bytes = Files.readAllBytes(recording.segment(2));
    for (final int length : new int[] {0, 100, 4096, bytes.length - 512, bytes.length - 1}) {
      Files.write(recording.segment(2), Arrays.copyOf(bytes, length));
      assertThatThrownBy(this::restore)
          .isInstanceOf(SegmentException.class)
          .hasMessageContaining("0000000002.seg");
      assertThat(findings()).anyMatch(finding -> finding.contains("0000000002.seg"));
    }
  }

  /** Silence never stands for loss: a hole in the order is damage, also between two segments. */
  @Test
  void refusesSequencesWithAHoleBetweenSegments() throws IOException {
    final TestRecording holed = new TestRecording(directory.resolve("holed"), DISK_BYTES);
    holed.data(0, 0xff, 0, TestRecording.filled(1));
    holed.seal();
    holed.loseRecords(3);
    holed.data(1, 0xff, 0, TestRecording.filled(2));
    holed.seal();
    recording = holed;
    assertThatThrownBy(this::restore)
        .isInstanceOf(SegmentException.class)
        .hasMessageContaining("0000000001.seg");
    assertThat(findings()).anyMatch(finding -> finding.contains("0000000001.seg"));
  }

  @Test
  void tellsEverythingThatIsWrong() throws IOException {
    flip(0, 4096 + 5);
    flip(1, 2 * 4096 + 5);
    flip(2, 4096 + 5);
    assertThat(findings())
        .anyMatch(finding -> finding.contains("0000000000.seg: record 0"))
        .anyMatch(finding -> finding.contains("0000000001.seg: record 1"))
        .anyMatch(finding -> finding.contains("0000000002.seg: record 0"));
  }

  @Test
  void doesNotMindObjectsThatAreNoSegments() throws IOException {
    Files.write(recording.segments().resolve("0000000003.seg.1234"), new byte[10]);
    Files.createDirectory(recording.segments().resolve("0000000009.seg"));
    restore();
  }

  private void flip(final long segment, final int offset) throws IOException {
    final byte[] bytes = Files.readAllBytes(recording.segment(segment));
    bytes[offset] ^= 0x20;
    Files.write(recording.segment(segment), bytes);
  }

  private List<String> findings() throws IOException {
    final List<String> findings = new ArrayList<>();
    try (ObjectStore store = recording.store()) {
      final Verifier.Result result =
          new Verifier(RecordingReader.open(store, TestRecording.NAME))
              .run(findings::add, (done, total) -> {});
      assertThat(result.findings()).isEqualTo(findings.size());
    }
    return findings;
  }

  private void restore() throws IOException {
    try (ObjectStore store = recording.store()) {
      Restore.image(
          store,
          new When.Latest(),
          directory.resolve("disk.img"),
          false,
          (what, done, total) -> {});
    }
  }
}
