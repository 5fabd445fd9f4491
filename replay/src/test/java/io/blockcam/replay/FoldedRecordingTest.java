package io.blockcam.replay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blockcam.archive.hash.Crc32c;
import io.blockcam.archive.hash.Sha256;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.archive.segment.SegmentTrailerDescriptor;
import io.blockcam.history.RecordingReader;
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
    final Path file = recording.segment(0);
    final byte[] bytes = Files.readAllBytes(file);
    final int trailer = bytes.length - SegmentTrailerDescriptor.TRAILER_BYTES;
    final int digest = trailer + SegmentTrailerDescriptor.DIGEST_OFFSET;
    final int replaced = trailer + SegmentTrailerDescriptor.REPLACED_DIGEST_OFFSET;
    bytes[trailer + SegmentTrailerDescriptor.FLAGS_OFFSET] = SegmentTrailerDescriptor.FLAG_BASE;
    System.arraycopy(bytes, digest, bytes, replaced, 32);
    final byte[] covered = Arrays.copyOfRange(bytes, trailer, digest);
    System.arraycopy(Sha256.of(covered).toByteArray(), 0, bytes, digest, 32);
    final int crc = trailer + SegmentTrailerDescriptor.CRC32C_OFFSET;
    ByteBuffer.wrap(bytes)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt(crc, new Crc32c().of(bytes, trailer, crc - trailer));
    Files.write(file, bytes);
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

  @Test
  void isWhole() throws IOException {
    try (ObjectStore store = recording.store()) {
      final List<String> findings = new ArrayList<>();
      assertThat(
              new Verifier(RecordingReader.open(store, TestRecording.NAME))
                  .run(findings::add, (done, total) -> {})
                  .segments())
          .isEqualTo(2);
      assertThat(findings).isEmpty();
    }
  }
}
