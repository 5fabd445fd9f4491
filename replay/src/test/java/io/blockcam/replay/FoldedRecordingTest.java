package io.blockcam.replay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blockcam.archive.Moment;
import io.blockcam.archive.hash.Crc32c;
import io.blockcam.archive.hash.Sha256;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.archive.segment.SegmentException;
import io.blockcam.archive.segment.SegmentTrailerDescriptor;
import io.blockcam.history.Progress;
import io.blockcam.history.RecordingInfo;
import io.blockcam.history.RecordingReader;
import io.blockcam.history.Segments;
import io.blockcam.history.TestRecording;
import io.blockcam.store.ObjectStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A recording whose beginning is not kept: a segment says what the disk held at its end. */
final class FoldedRecordingTest {

  @TempDir private Path root;
  private TestRecording recording;

  /** Segment 0 becomes a base for itself: all that matters to a reader is the mark. */
  @BeforeEach
  void fold() throws IOException {
    recording = new TestRecording(root, 1 << 20);
    recording.append(3, 1, RecordKind.BASELINE, 0xff, 0, TestRecording.filled(3));
    recording.append(4, 1, RecordKind.BASELINE, 0xff, 0, TestRecording.filled(4));
    recording.seal();
    recording.passTime(1_000);
    recording.data(4, 0xff, 0, TestRecording.filled(5));
    recording.seal();
    stand(recording.segment(0), /* previous= */ null);
  }

  @Test
  void hasNoMomentsBeforeTheEndOfWhatIsNotKept() throws IOException {
    try (ObjectStore store = recording.store()) {
      final RecordingReader reader = RecordingReader.open(store, TestRecording.NAME);
      final MomentResolver moments = new MomentResolver(reader, reader.find(), true);
      assertThat(moments.resolve(new When.Latest()).sequence()).isEqualTo(2);
      assertThat(moments.resolve(new When.Sequence(1)).sequence()).isEqualTo(1);
      assertThatThrownBy(() -> moments.resolve(new When.Sequence(0)))
          .isInstanceOf(MomentException.class)
          .hasMessageContaining("not kept; the first moment is seq:1");
    }
  }

  /** Nobody has signed it: whoever may write the archive may have made it up. */
  @Test
  void isClaimedAndNotProven() throws IOException {
    assertThat(verify())
        .hasSize(1)
        .first()
        .asString()
        .endsWith(
            "0000000000.seg: stands for segments that are not kept; what it holds is claimed, not"
                + " proven");
    try (ObjectStore store = recording.store()) {
      final RecordingReader reader = RecordingReader.open(store, TestRecording.NAME);
      assertThat(reader.find().areFolded()).isTrue();
      assertThat(RecordingInfo.read(reader, Progress.NONE).folded()).isTrue();
    }
  }

  /** What stands behind it still fits, and so does a head. */
  @Test
  void cannotReplaceASegmentBehindItsBeginning() throws IOException {
    recording.data(5, 0xff, 0, TestRecording.filled(6));
    recording.seal();
    stand(recording.segment(1), new byte[32]);
    assertThat(verify()).anyMatch(finding -> finding.contains("names no predecessor"));
    assertThatThrownBy(this::newest)
        .isInstanceOf(SegmentException.class)
        .hasMessageContaining("names no predecessor");

    final byte[] any = new byte[32];
    any[0] = 1;
    stand(recording.segment(1), any);
    assertThat(verify())
        .anyMatch(finding -> finding.contains("but is not in their place"))
        .anyMatch(finding -> finding.contains("DATA in a segment that stands for others"));
    assertThatThrownBy(this::newest).isInstanceOf(SegmentException.class);
  }

  /** Also one of the right kinds. */
  @Test
  void cannotReplaceASegmentThatStandsForItself() throws IOException {
    recording.append(6, 1, RecordKind.BASELINE, 0xff, 0, TestRecording.filled(3));
    recording.seal();
    recording.data(5, 0xff, 0, TestRecording.filled(6));
    recording.seal();
    final byte[] any = new byte[32];
    any[0] = 1;
    stand(recording.segment(2), any);
    assertThat(verify())
        .anyMatch(finding -> finding.contains("only the beginning of a recording can be folded"));
    assertThatThrownBy(this::newest)
        .isInstanceOf(SegmentException.class)
        .hasMessageContaining("only the beginning of a recording can be folded");
  }

  private byte[] newest() throws IOException {
    try (ObjectStore store = recording.store()) {
      final RecordingReader reader = RecordingReader.open(store, TestRecording.NAME);
      final Segments segments = reader.find();
      final Moment moment = new MomentResolver(reader, segments, true).resolve(new When.Latest());
      try (PastDisk disk = PastDisk.open(reader, segments, moment, true, Progress.NONE)) {
        final ByteBuffer content = ByteBuffer.allocate(8 * 4096);
        disk.read(0, content);
        return content.array();
      }
    }
  }

  private List<String> verify() throws IOException {
    try (ObjectStore store = recording.store()) {
      final List<String> findings = new ArrayList<>();
      final Verifier.Result result =
          new Verifier(RecordingReader.open(store, TestRecording.NAME))
              .run(findings::add, (done, total) -> {});
      assertThat(result.isWhole()).isFalse();
      return findings;
    }
  }

  /**
   * A segment becomes a base that claims to stand for itself.
   *
   * @param previous what it names as its predecessor; null for what it named
   */
  private static void stand(final Path file, final byte @Nullable [] previous) throws IOException {
    final byte[] bytes = Files.readAllBytes(file);
    final int trailer = bytes.length - SegmentTrailerDescriptor.TRAILER_BYTES;
    final int digest = trailer + SegmentTrailerDescriptor.DIGEST_OFFSET;
    final int replaced = trailer + SegmentTrailerDescriptor.REPLACED_DIGEST_OFFSET;
    if (bytes[trailer + SegmentTrailerDescriptor.FLAGS_OFFSET] == 0) {
      System.arraycopy(bytes, digest, bytes, replaced, 32);
    }
    bytes[trailer + SegmentTrailerDescriptor.FLAGS_OFFSET] = SegmentTrailerDescriptor.FLAG_BASE;
    if (previous != null) {
      final int at = trailer + SegmentTrailerDescriptor.PREVIOUS_DIGEST_OFFSET;
      System.arraycopy(previous, 0, bytes, at, 32);
    }
    final byte[] covered = Arrays.copyOfRange(bytes, trailer, digest);
    System.arraycopy(Sha256.of(covered).toByteArray(), 0, bytes, digest, 32);
    final int crc = trailer + SegmentTrailerDescriptor.CRC32C_OFFSET;
    ByteBuffer.wrap(bytes)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt(crc, new Crc32c().of(bytes, trailer, crc - trailer));
    Files.write(file, bytes);
  }
}
