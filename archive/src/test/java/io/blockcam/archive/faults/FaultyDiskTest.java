package io.blockcam.archive.faults;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blockcam.archive.Directories;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.HashSet;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The disk loses what a real one may lose, and nothing else. */
final class FaultyDiskTest {

  private static final int SEEDS = 200;

  @Test
  void keepsWhatWasSyncedWithItsName() throws IOException {
    for (int seed = 0; seed < SEEDS; seed++) {
      try (FaultyDisk disk = new FaultyDisk(new SplittableRandom(seed))) {
        final Path file = disk.root().resolve("file");
        try (FileChannel channel = create(file)) {
          channel.write(ByteBuffer.wrap(new byte[] {1, 2, 3}), 0);
          channel.force(false);
        }
        Directories.force(disk.root());
        disk.cutPower();

        assertThat(Files.readAllBytes(file)).containsExactly(1, 2, 3);
      }
    }
  }

  @Test
  void mayLoseWhatWasNotSyncedOrKeepItInPart() throws IOException {
    final Set<String> left = new HashSet<>();
    for (int seed = 0; seed < SEEDS; seed++) {
      try (FaultyDisk disk = new FaultyDisk(new SplittableRandom(seed))) {
        final Path file = disk.root().resolve("file");
        try (FileChannel channel = create(file)) {
          channel.write(ByteBuffer.wrap(new byte[] {1, 1}), 0);
          channel.force(false);
          channel.write(ByteBuffer.wrap(new byte[] {2, 2}), 0);
        }
        disk.cutPower();

        left.add(Files.exists(file) ? "" + Files.readAllBytes(file)[0] : "none");
      }
    }
    assertThat(left).containsExactlyInAnyOrder("none", "1", "2");
  }

  @Test
  void renamesWholeOrNotAtAll() throws IOException {
    final Set<Set<String>> left = new HashSet<>();
    for (int seed = 0; seed < SEEDS; seed++) {
      try (FaultyDisk disk = new FaultyDisk(new SplittableRandom(seed))) {
        create(disk.root().resolve("old")).close();
        Directories.force(disk.root());
        Files.move(
            disk.root().resolve("old"), disk.root().resolve("new"), StandardCopyOption.ATOMIC_MOVE);
        disk.cutPower();

        left.add(namesIn(disk.root()));
      }
    }
    assertThat(left).containsExactlyInAnyOrder(Set.of("old"), Set.of("new"));
  }

  @Test
  void losesForGoodWhatASyncHasReportedOnce() throws IOException {
    try (FaultyDisk disk = new FaultyDisk(new SplittableRandom(1))) {
      final Path file = disk.root().resolve("file");
      try (FileChannel channel = create(file)) {
        channel.write(ByteBuffer.wrap(new byte[] {7}), 0);
        disk.failSyncs(1);
        assertThatThrownBy(() -> channel.force(false)).isInstanceOf(IOException.class);
        channel.force(false);
      }
      Directories.force(disk.root());
      disk.cutPower();

      assertThat(Files.readAllBytes(file)).containsExactly(0);
    }
  }

  @Test
  void writesWhatThereIsRoomForAndThenNoMore() throws IOException {
    try (FaultyDisk disk = new FaultyDisk(new SplittableRandom(1));
        FileChannel channel = create(disk.root().resolve("file"))) {
      disk.setRoom(3);

      assertThat(channel.write(ByteBuffer.wrap(new byte[5]), 0)).isEqualTo(3);
      assertThatThrownBy(() -> channel.write(ByteBuffer.wrap(new byte[2]), 3))
          .hasMessage("No space left on device");
    }
  }

  @Test
  void writesShortWhenTold() throws IOException {
    try (FaultyDisk disk = new FaultyDisk(new SplittableRandom(1));
        FileChannel channel = create(disk.root().resolve("file"))) {
      disk.setShortWrites(true);

      assertThat(channel.write(ByteBuffer.wrap(new byte[10_000]), 0)).isBetween(1, 9_999);
    }
  }

  @Test
  void knowsNoFileThatWasOpenedBeforeTheCut() throws IOException {
    try (FaultyDisk disk = new FaultyDisk(new SplittableRandom(1));
        FileChannel channel = create(disk.root().resolve("file"))) {
      disk.cutPower();

      assertThatThrownBy(() -> channel.write(ByteBuffer.allocate(1), 0))
          .isInstanceOf(IOException.class);
    }
  }

  private static FileChannel create(final Path file) throws IOException {
    return FileChannel.open(
        file, StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE);
  }

  private static Set<String> namesIn(final Path directory) throws IOException {
    final Set<String> names = new HashSet<>();
    try (Stream<Path> files = Files.list(directory)) {
      files.forEach(file -> names.add(String.valueOf(file.getFileName())));
    }
    return names;
  }
}
