package io.blockcam.replay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.groups.Tuple.tuple;

import io.blockcam.archive.record.RecordFlags;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.history.RecordingReader;
import io.blockcam.history.TestRecording;
import io.blockcam.store.ObjectStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What becomes of records in a log of dm-log-writes; that it is the disk, in ReplayModelTest. */
final class LogWritesTest {

  @TempDir private Path directory;
  private TestRecording recording;

  @BeforeEach
  void begin() throws IOException {
    recording = new TestRecording(directory.resolve("archive"), (1 << 20) - 3 * 512);
    recording.point(RecordKind.START);
  }

  private LogWritesWriter.Written write(final long first) throws IOException {
    recording.seal();
    try (ObjectStore store = recording.store()) {
      final RecordingReader reader = RecordingReader.open(store, TestRecording.NAME);
      return new LogWritesWriter()
          .write(
              directory.resolve("log"),
              reader,
              reader.find(),
              first,
              Long.MAX_VALUE - 1,
              (done, total) -> {});
    }
  }

  private List<LogWritesReader.Entry> entries() throws IOException {
    return new LogWritesReader(directory.resolve("log")).entries();
  }

  /** The kernel logs a request, not its blocks. */
  @Test
  void makesOneEntryOfAGuestWrite() throws IOException {
    recording.data(10, 0xc0, RecordFlags.FIRST | RecordFlags.FUA, TestRecording.filled(1));
    recording.data(11, 0xff, RecordFlags.FUA, TestRecording.filled(2));
    recording.data(12, 0x01, RecordFlags.FUA, TestRecording.filled(3));
    recording.data(13, 0xff, RecordFlags.FIRST, TestRecording.filled(4));
    assertThat(write(0).entries()).isEqualTo(2);
    assertThat(entries().get(0).sector()).isEqualTo(86);
    assertThat(entries().get(0).sectors()).isEqualTo(11);
    assertThat(entries().get(0).isFua()).isTrue();
    assertThat(entries().get(1).sector()).isEqualTo(104);
    assertThat(entries().get(1).isFua()).isFalse();
  }

  @Test
  void splitsWhatAMaskLeavesOut() throws IOException {
    recording.data(10, 0b1001_0110, RecordFlags.FIRST, TestRecording.filled(1));
    write(0);
    assertThat(entries())
        .extracting(LogWritesReader.Entry::sector, LogWritesReader.Entry::sectors)
        .containsExactly(tuple(81L, 2L), tuple(84L, 1L), tuple(87L, 1L));
  }

  @Test
  void hasFlushesMarksAndDiscards() throws IOException {
    recording.point(RecordKind.FLUSH);
    final byte[] text = new byte[4096];
    text[0] = 'a';
    text[1] = 'b';
    recording.append(0, 0, RecordKind.MARK, 0, 0, text);
    recording.run(RecordKind.DISCARD, 250, 6, RecordFlags.FIRST); // to the end of the disk
    recording.run(RecordKind.ZEROES, 2, 3, RecordFlags.FIRST);
    recording.run(RecordKind.GAP, 2, 3, 0);
    final LogWritesWriter.Written written = write(0);
    assertThat(written.gaps()).isEqualTo(1);
    assertThat(written.bytes()).isEqualTo(Files.size(directory.resolve("log")));
    assertThat(entries()).hasSize(4);
    assertThat(entries().get(0).isFlush()).isTrue();
    assertThat(entries().get(1).isMark()).isTrue();
    assertThat(entries().get(1).text()).isEqualTo("ab");
    assertThat(entries().get(2).isDiscard()).isTrue();
    assertThat(entries().get(2).sectors()).isEqualTo(6 * 8 - 3);
    assertThat(entries().get(3).isDiscard()).isFalse();
    assertThat(entries().get(3).sectors()).isEqualTo(24);
  }

  @Test
  void leavesOutWhatFailedAndWhatWasNotAskedFor() throws IOException {
    recording.data(1, 0xff, RecordFlags.FIRST, TestRecording.filled(1));
    recording.data(2, 0xff, RecordFlags.FIRST | RecordFlags.FAILED, TestRecording.filled(2));
    recording.data(3, 0xff, RecordFlags.FIRST, TestRecording.filled(3));
    write(2);
    assertThat(entries()).extracting(LogWritesReader.Entry::sector).containsExactly(24L);
  }

  @Test
  void leavesNothingOfALogItCouldNotFinish() throws IOException {
    recording.data(1, 0xff, RecordFlags.FIRST, TestRecording.filled(1));
    recording.seal();
    final byte[] bytes = Files.readAllBytes(recording.segment(0));
    bytes[4096] ^= 1;
    Files.write(recording.segment(0), bytes);
    assertThatThrownBy(() -> write(0)).hasMessageContaining("payload 0 has CRC32C");
    assertThat(directory).isDirectoryNotContaining(path -> path.toString().contains("log"));
  }
}
