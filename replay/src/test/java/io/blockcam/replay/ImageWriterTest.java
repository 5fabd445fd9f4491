package io.blockcam.replay;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blockcam.archive.hash.Sha256;
import io.blockcam.archive.segment.FileBytes;
import io.blockcam.archive.segment.SegmentEncoder;
import io.blockcam.archive.segment.SegmentReader;
import io.blockcam.history.Indexer;
import io.blockcam.history.RecordingReader;
import io.blockcam.history.TestRecording;
import io.blockcam.store.ObjectStore;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImageWriterTest {
  @TempDir private Path directory;
  private final List<String> progress = new ArrayList<>();

  @Test
  void leavesHolesWhereTheDiskIsZero() throws IOException {
    final TestRecording recording = recording(64L << 20);
    recording.data(100, 0xff, 0, TestRecording.filled(1));
    recording.seal();

    final ImageWriter.Image image = write(recording, directory.resolve("disk.img"), false);

    assertThat(Files.size(directory.resolve("disk.img"))).isEqualTo(64 << 20);
    assertThat(image.bytes()).isEqualTo(64 << 20);
    assertThat(image.dataBytes()).isEqualTo(4096);
    assertThat(512L * blocks(directory.resolve("disk.img"))).isLessThan(1 << 20);
    assertThat(image.hashes().get(FlatHash.SHA256))
        .isEqualTo(Sha256.of(Files.readAllBytes(directory.resolve("disk.img"))).toString());
  }

  /** st_blocks of stat(2), which Java does not show: asked of du. */
  private static int blocks(final Path file) throws IOException {
    final Process du = new ProcessBuilder("du", "-B512", file.toString()).start();
    return Integer.parseInt(new String(du.getInputStream().readAllBytes(), UTF_8).split("\\s")[0]);
  }

  @Test
  void givesAnEmptyDiskItsSize() throws IOException {
    final ImageWriter.Image image =
        write(recording(10 * 4096 + 512), directory.resolve("disk.img"), false);
    assertThat(Files.readAllBytes(directory.resolve("disk.img")))
        .isEqualTo(new byte[10 * 4096 + 512]);
    assertThat(image.dataBytes()).isZero();
  }

  @Test
  void cutsTheLastBlockAtTheEndOfTheDisk() throws IOException {
    final TestRecording recording = recording(4096 + 1024);
    recording.data(1, 0xff, 0, TestRecording.filled(7));
    recording.seal();

    final ImageWriter.Image image = write(recording, directory.resolve("disk.img"), false);

    final byte[] bytes = Files.readAllBytes(directory.resolve("disk.img"));
    assertThat(bytes).hasSize(4096 + 1024);
    assertThat(bytes[4095]).isZero();
    assertThat(bytes[4096 + 1023]).isEqualTo((byte) 7);
  }

  @Test
  void refusesAFileThatExistsAndLeavesItAsItIs() throws IOException {
    final Path file = Files.writeString(directory.resolve("disk.img"), "precious");
    assertThatThrownBy(() -> write(recording(4096), file, false))
        .isInstanceOf(ImageFileException.class)
        .hasMessageContaining("exists");
    assertThat(file).hasContent("precious");
  }

  @Test
  void replacesAFileOnlyWhenTold() throws IOException {
    final Path file = Files.writeString(directory.resolve("disk.img"), "old");
    write(recording(4096), file, true);
    assertThat(Files.size(file)).isEqualTo(4096);
  }

  @Test
  void refusesADirectoryThatIsNotThere() {
    assertThatThrownBy(() -> write(recording(4096), directory.resolve("no/disk.img"), false))
        .isInstanceOf(ImageFileException.class)
        .hasMessageContaining("there is no directory");
  }

  @Test
  void tellsHowFarItIs() throws IOException {
    final TestRecording recording = recording(3 << 20);
    recording.data(5, 0xff, 0, TestRecording.filled(1));
    recording.seal();
    write(recording, directory.resolve("disk.img"), false);
    assertThat(progress)
        .startsWith("restoring 4096/4096")
        .endsWith("hashing %d/%d".formatted(3 << 20, 3 << 20));
  }

  /** A stretch is gigabytes: nobody waits for its end to hear that something happens. */
  @Test
  void tellsHowFarItIsWithinAStretch() throws IOException {
    final TestRecording recording = recording(3 << 20);
    for (int segment = 0; segment < 3; segment++) {
      recording.data(segment, 0xff, 0, TestRecording.filled(1));
      recording.seal();
    }
    write(recording, directory.resolve("disk.img"), false);
    assertThat(progress)
        .startsWith("restoring 4096/12288", "restoring 8192/12288", "restoring 12288/12288");
  }

  @Test
  void givesTheSameHashHoweverSegmentsAreStored() throws IOException {
    final TestRecording recording = recording(8 << 20);
    for (int segment = 0; segment < 17; segment++) {
      for (int i = 0; i < 40; i++) {
        recording.data(segment * 37 + i, i % 5 == 0 ? 0x3c : 0xff, 0, TestRecording.filled(i));
      }
      recording.seal();
    }
    final String raw =
        write(recording, directory.resolve("raw.img"), false).hashes().get(FlatHash.SHA256);
    try (ObjectStore store = recording.store()) {
      final RecordingReader reader = RecordingReader.open(store, TestRecording.NAME);
      assertThat(new Indexer(store, reader, directory, 1).run(reader.find(), false))
          .matches(result -> result.made() == 2);
    }
    final String indexed =
        write(recording, directory.resolve("indexed.img"), false).hashes().get(FlatHash.SHA256);
    for (int segment = 0; segment < 17; segment += 2) {
      encode(recording.segment(segment));
    }
    final String encoded =
        write(recording, directory.resolve("encoded.img"), false).hashes().get(FlatHash.SHA256);
    assertThat(List.of(indexed, encoded)).containsOnly(raw);
  }

  private void encode(final Path segment) throws IOException {
    final Path encoded = directory.resolve("encoded");
    try (FileBytes bytes = FileBytes.open(segment);
        FileChannel out =
            FileChannel.open(encoded, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      assertThat(new SegmentEncoder().encode(SegmentReader.open(bytes), out)).isPresent();
    }
    Files.move(encoded, segment, StandardCopyOption.REPLACE_EXISTING);
  }

  private TestRecording recording(final long diskBytes) throws IOException {
    return new TestRecording(directory.resolve("archive"), diskBytes);
  }

  private ImageWriter.Image write(
      final TestRecording recording, final Path file, final boolean replace) throws IOException {
    try (ObjectStore store = recording.store()) {
      return Restore.image(
          store,
          new When.Latest(),
          file,
          replace,
          (what, done, total) -> progress.add("%s %d/%d".formatted(what, done, total)));
    }
  }
}
