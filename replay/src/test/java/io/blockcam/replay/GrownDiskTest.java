package io.blockcam.replay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blockcam.archive.segment.SegmentException;
import io.blockcam.history.Indexer;
import io.blockcam.history.RecordingInfo;
import io.blockcam.history.RecordingReader;
import io.blockcam.history.TestRecording;
import io.blockcam.store.ObjectStore;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A disk that grows from one epoch to the next. */
final class GrownDiskTest {

  private static final int BLOCK = 4096;

  @TempDir private Path directory;
  private TestRecording recording;

  @BeforeEach
  void grow() throws IOException {
    recording = new TestRecording(directory, 10 * BLOCK + 512);
    recording.data(3, 0xff, 0, TestRecording.filled(3));
    recording.data(10, 0x01, 0, TestRecording.filled(4));
    recording.nextEpoch();
    recording.growTo(40 * BLOCK);
    recording.data(10, 0xff, 0, TestRecording.filled(5));
    recording.data(39, 0xff, 0, TestRecording.filled(6));
    recording.seal();
    for (int i = 0; i < 15; i++) { // what one run of the index covers
      recording.data(i, 0xff, 0, TestRecording.filled(i));
      recording.seal();
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void hasTheSizeOfItsMoment(final boolean indexed) throws IOException {
    recording.seal();
    try (ObjectStore store = recording.store()) {
      if (indexed) {
        final RecordingReader whole = RecordingReader.open(store, TestRecording.NAME);
        assertThat(new Indexer(store, whole, directory, 1).run(whole.find(), false))
            .matches(result -> result.made() > 0, "a run over both sizes");
      }
      assertThat(bytes(store, new When.Sequence(1))).isEqualTo(10 * BLOCK + 512);
      assertThat(bytes(store, new When.Sequence(2))).isEqualTo(40 * BLOCK);
      assertThat(bytes(store, new When.Latest())).isEqualTo(40 * BLOCK);
      final RecordingReader reader = RecordingReader.open(store, TestRecording.NAME);
      assertThat(RecordingInfo.read(reader, (done, total) -> {}).diskBytes()).isEqualTo(40 * BLOCK);
    }
  }

  @Test
  void isNoDiskThatGrowsWithinAnEpochOrShrinks() throws IOException {
    recording.seal();
    recording.growTo(41 * BLOCK);
    recording.data(3, 0xff, 0, TestRecording.filled(7));
    recording.seal();
    refused("of a disk of 167936 bytes, the segment before it of 163840, both of epoch 1");

    recording = new TestRecording(directory.resolve("other"), 10 * BLOCK);
    recording.data(3, 0xff, 0, TestRecording.filled(3));
    recording.nextEpoch();
    recording.growTo(9 * BLOCK);
    recording.data(3, 0xff, 0, TestRecording.filled(7));
    recording.seal();
    refused("is of a disk of 36864 bytes, the recording's has 40960");
  }

  private void refused(final String reason) throws IOException {
    try (ObjectStore store = recording.store()) {
      final RecordingReader reader = RecordingReader.open(store, TestRecording.NAME);
      assertThatThrownBy(() -> reader.visit((segment, done, total) -> {}))
          .isInstanceOf(SegmentException.class)
          .hasMessageContaining(reason);
    }
  }

  private static long bytes(final ObjectStore store, final When when) throws IOException {
    try (PastDisk disk = Restore.disk(store, when, true)) {
      return disk.bytes();
    }
  }
}
