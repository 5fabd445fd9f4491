package io.blockcam.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class OpenFilesTest {
  @TempDir private Path directory;

  private int opened;
  private final OpenFiles files = new OpenFiles(2, Duration.ofHours(1));

  @Test
  void opensAFileOnce() throws IOException {
    final Path file = file("a", 1);
    assertThat(read(file)).isEqualTo((byte) 1);
    assertThat(read(file)).isEqualTo((byte) 1);
    assertThat(opened).isOne();
  }

  @Test
  void opensAFileThatHasTakenTheNameOfAnother() throws IOException {
    final Path file = file("a", 1);
    read(file);
    Files.move(file("b", 2), file, StandardCopyOption.REPLACE_EXISTING);
    assertThat(read(file)).isEqualTo((byte) 2);
    Files.delete(file);
    assertThatThrownBy(() -> read(file)).isInstanceOf(NoSuchFileException.class);
  }

  @Test
  void closesWhatNobodyReadsWhenThereAreMore() throws IOException {
    final Path oldest = file("a", 1);
    try (OpenFiles.File used = open(oldest)) {
      final FileChannel idle = channel(file("b", 2));
      read(file("c", 3));
      read(file("d", 4));
      assertThat(idle.isOpen()).isFalse();
      assertThat(used.channel().isOpen()).as("is read").isTrue();
      read(oldest);
      assertThat(opened).isEqualTo(5);
    }
  }

  @Test
  void opensAnewWhatAnotherReaderHasClosed() throws IOException {
    final Path file = file("a", 1);
    channel(file).close();
    assertThat(read(file)).isEqualTo((byte) 1);
    assertThat(opened).isEqualTo(2);
  }

  @Test
  void closesAllAtTheEndOnceTheyAreNotRead() throws IOException {
    final FileChannel idle = channel(file("a", 1));
    try (OpenFiles.File used = open(file("b", 2))) {
      files.close();
      assertThat(idle.isOpen()).isFalse();
      assertThat(used.channel().isOpen()).isTrue();
      used.close();
      assertThat(used.channel().isOpen()).isFalse();
    }
  }

  /** Or a file system could not be unmounted for as long as somebody might read from it again. */
  @Test
  void closesWhatNobodyReadsAnyMore() throws IOException, InterruptedException {
    try (OpenFiles brief = new OpenFiles(2, Duration.ofMillis(20))) {
      final Path path = file("a", 1);
      final OpenFiles.File read = brief.open(path, () -> FileChannel.open(path));
      Thread.sleep(100);
      assertThat(read.channel().isOpen()).as("is read").isTrue();
      read.close();
      while (read.channel().isOpen()) {
        Thread.sleep(5);
      }
    }
  }

  private Path file(final String name, final int content) throws IOException {
    return Files.write(directory.resolve(name), new byte[] {(byte) content});
  }

  private OpenFiles.File open(final Path path) throws IOException {
    return files.open(
        path,
        () -> {
          opened++;
          return FileChannel.open(path);
        });
  }

  private FileChannel channel(final Path path) throws IOException {
    try (OpenFiles.File file = open(path)) {
      return file.channel();
    }
  }

  private byte read(final Path path) throws IOException {
    final ByteBuffer one = ByteBuffer.allocate(1);
    try (OpenFiles.File file = open(path)) {
      file.channel().read(one, 0);
    }
    return one.get(0);
  }
}
