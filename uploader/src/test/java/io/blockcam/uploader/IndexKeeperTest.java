package io.blockcam.uploader;

import static org.assertj.core.api.Assertions.assertThat;

import io.blockcam.archive.record.RecordKind;
import io.blockcam.history.TestRecording;
import io.blockcam.store.ObjectStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The index grows with what is published, and nobody notices when it can not. */
final class IndexKeeperTest {
  @TempDir private Path directory;

  private long there;
  private final Semaphore asked = new Semaphore(0);

  private synchronized long await(final long known) throws InterruptedException {
    asked.release();
    while (there <= known) {
      wait();
    }
    return there;
  }

  private synchronized void publish(final long count) {
    there += count;
    notifyAll();
  }

  private static void write(final TestRecording recording, final int segments) throws IOException {
    for (int i = 0; i < segments; i++) {
      recording.data(i, 0xff, 0, TestRecording.filled(i + 1));
      recording.seal();
    }
  }

  private List<String> index() throws IOException {
    final Path index = directory.resolve("archive").resolve(TestRecording.NAME).resolve("index");
    if (!Files.exists(index)) {
      return List.of();
    }
    try (Stream<Path> files = Files.walk(index)) {
      return files
          .filter(Files::isRegularFile)
          .map(f -> index.relativize(f).toString())
          .sorted()
          .toList();
    }
  }

  @Test
  void grows() throws IOException, InterruptedException {
    final Path archive = directory.resolve("archive");
    final Path scratch = Files.createDirectories(directory.resolve("scratch"));
    Files.writeString(scratch.resolve("index-1.run"), "left by a crash");
    final TestRecording recording = new TestRecording(archive, 1 << 20);
    recording.point(RecordKind.START);
    write(recording, 10);
    try (ObjectStore store = recording.store();
        IndexKeeper keeper = new IndexKeeper(store, TestRecording.NAME, this::await, scratch)) {
      keeper.start();
      asked.acquire();
      publish(10);
      asked.acquire(); // asks again only when it is done
      assertThat(index())
          .containsExactly(
              "8/0000000/0000000000-0000000007.run", "catalogs/8/0000000000-0000000007.catalog");
      write(recording, 60);
      publish(60);
      asked.acquire();
      assertThat(index())
          .hasSize(8 + 1 + 1)
          .contains(
              "64/0000000/0000000000-0000000063.run", "catalogs/64/0000000000-0000000063.catalog");
    }
    assertThat(Files.list(scratch)).isEmpty();
  }

  @Test
  void endsWhileItWaits() throws IOException, InterruptedException {
    final TestRecording recording = new TestRecording(directory.resolve("archive"), 1 << 20);
    try (ObjectStore store = recording.store();
        IndexKeeper keeper = new IndexKeeper(store, TestRecording.NAME, this::await, directory)) {
      keeper.start();
      asked.acquire();
    }
    assertThat(index()).isEmpty();
  }
}
