package io.blockcam.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blockcam.archive.record.RecordKind;
import io.blockcam.capture.OnFull;
import io.blockcam.history.RecordingReader;
import io.blockcam.history.TestRecording;
import io.blockcam.store.ObjectStore;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A moment is not of what is published alone: a recorder may have more. */
final class MomentOptionsTest {
  @TempDir private Path directory;
  private final StringWriter err = new StringWriter();
  private final ControlSocket control = new ControlSocket();
  private final Recorder recorder = new Recorder();
  private final MomentOptions options = new MomentOptions();
  private TestRecording recording;
  private String id = "";

  /** Has so many records. */
  private static final class Recorder implements ControlSocket.Answers {
    private volatile String id = "";
    private volatile long sequence;
    private volatile Runnable asked = () -> {};

    @Override
    public Map<String, Object> status() {
      final Map<String, Object> status =
          Map.of("id", id, "sequence", sequence, "backlog", Map.of("bytes", 3 << 20));
      asked.run();
      return status;
    }

    @Override
    public long mark(final byte[] text) throws IOException {
      throw new IOException("no marks here");
    }

    @Override
    public void setSpoolLimit(final long bytes) {}

    @Override
    public void setOnFull(final OnFull wanted) {}

    @Override
    public List<String> users() {
      return List.of();
    }
  }

  @BeforeEach
  void record() throws IOException {
    recording = new TestRecording(directory.resolve("archive"), 1 << 20);
    recording.point(RecordKind.START);
    recording.point(RecordKind.FLUSH);
    recording.seal();
    options.spool = Files.createDirectory(directory.resolve("spool"));
    try (ObjectStore store = recording.store()) {
      id = RecordingReader.open(store, TestRecording.NAME).recording().id().toString();
    }
  }

  @AfterEach
  void close() {
    control.close();
  }

  private void runs(final long lastSequence) {
    recorder.id = id;
    recorder.sequence = lastSequence;
    control.listen(directory.resolve("spool"), recorder);
  }

  private MomentOptions.Found find(final String at) throws IOException {
    options.at = at;
    try (ObjectStore store = recording.store()) {
      final RecordingReader reader = RecordingReader.open(store, TestRecording.NAME);
      return options.find(reader, /* tolerant= */ false, new PrintWriter(err, true));
    }
  }

  @Test
  void saysThatARecorderSomewhereMayHaveLaterRecords() throws IOException {
    final MomentOptions.Found found = find("-0s");
    assertThat(found.later().mayBeMissed()).isTrue();
    assertThat(err.toString())
        .contains("is after the last record that is published: the disk as of 2026-11-22T10:00:00");
  }

  @Test
  void saysHowManyARecorderHereHas() throws IOException {
    runs(9);
    final MomentOptions.Found found = find("-0s");
    assertThat(found.later().unpublished()).hasValue(8);
    assertThat(found.later().mayBeMissed()).isTrue();
    assertThat(err.toString())
        .contains("the recorder has 8 records more, 3.00 MiB in its spool: the disk as of 2026-");
  }

  @Test
  void isSureWhenTheRecorderHereHasNone() throws IOException {
    runs(1);
    assertThat(find("-0s").later().mayBeMissed()).isFalse();
    assertThat(err.toString()).contains("the recorder has no later one: the disk as it was then");
  }

  /** The latest is what is published; who asks for it is told that there is more. */
  @Test
  void tellsOfMoreThanTheLatest() throws IOException {
    runs(9);
    assertThat(find("latest").later().mayBeMissed()).isFalse();
    assertThat(err.toString()).contains("the recorder has 8 records more");
  }

  @Test
  void doesNotAskTheRecorderOfAnother() throws IOException {
    runs(9);
    recorder.id = "another";
    assertThat(find("latest").later().unpublished()).isEmpty();
    assertThat(err.toString()).isEmpty();
  }

  @Test
  void waitsUntilAllIsPublished() throws IOException {
    runs(2);
    recorder.asked =
        () ->
            Thread.ofVirtual()
                .start(
                    () -> {
                      try {
                        recording.point(RecordKind.FLUSH);
                        recording.seal();
                      } catch (final IOException e) {
                        throw new AssertionError(e);
                      }
                    });
    options.wait = Duration.ofSeconds(60);
    assertThat(find("latest").moment().sequence()).isEqualTo(2);
  }

  @Test
  void doesNotWaitForEver() {
    runs(2);
    options.wait = Duration.ofMillis(300);
    assertThatThrownBy(() -> find("latest"))
        .isInstanceOf(CommandException.class)
        .hasMessageContaining("--wait: record 2 is not published after 0 s");
  }

  @Test
  void waitsForNobodyWhereNoRecorderRuns() {
    options.wait = Duration.ofSeconds(60);
    assertThatThrownBy(() -> find("latest"))
        .isInstanceOf(CommandException.class)
        .hasMessageContaining("no recorder of 'disk' runs on this machine");
  }
}
