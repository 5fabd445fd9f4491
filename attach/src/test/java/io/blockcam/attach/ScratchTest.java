package io.blockcam.attach;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is written to a disk that is a moment of the past. */
final class ScratchTest {
  private static final int CHUNK = ChunkCache.CHUNK_BYTES;
  private static final int SECTOR = 512;

  @TempDir private Path directory;

  @Test
  void holdsWhatWasWrittenAndNothingElse() throws IOException {
    final int bytes = 5 * CHUNK + 3 * SECTOR;
    final byte[] disk = new byte[bytes];
    final SplittableRandom random = new SplittableRandom(3);
    try (Scratch scratch = Scratch.in(directory, bytes)) {
      assertThat(Files.list(directory)).as("it has no name").isEmpty();
      for (int i = 0; i < 300; i++) {
        final int at = random.nextInt(bytes / SECTOR) * SECTOR;
        final int length = Math.min(bytes - at, SECTOR * random.nextInt(1, 400));
        final byte[] data = new byte[length];
        Arrays.fill(data, (byte) (1 + i % 100));
        final ByteBuffer buffer = ByteBuffer.wrap(data);
        scratch.write(at, buffer);
        assertThat(buffer.hasRemaining()).isFalse();
        System.arraycopy(data, 0, disk, at, length);
        final int from = random.nextInt(bytes / SECTOR) * SECTOR;
        final ByteBuffer read = ByteBuffer.allocate(bytes + 7).position(7);
        read.limit(7 + Math.min(bytes - from, SECTOR * random.nextInt(1, 600)));
        scratch.overlay(from, read);
        assertThat(read.position()).isEqualTo(7);
        assertThat(Arrays.copyOfRange(read.array(), 7, read.limit()))
            .isEqualTo(Arrays.copyOfRange(disk, from, from + read.remaining()));
      }
    }
  }

  @Test
  void tellsWhereNothingWasWritten() throws IOException {
    try (Scratch scratch = Scratch.in(directory, 10L * CHUNK)) {
      scratch.write(3L * CHUNK + SECTOR, ByteBuffer.allocate(SECTOR));
      assertThat(scratch.isUntouched(0, 3L * CHUNK)).isTrue();
      assertThat(scratch.isUntouched(4L * CHUNK, 6L * CHUNK)).isTrue();
      assertThat(scratch.isUntouched(3L * CHUNK, SECTOR)).isFalse();
      assertThat(scratch.isUntouched(0, 10L * CHUNK)).isFalse();
    }
  }

  /** Beyond what one file of ext4 can hold, 16 TiB. */
  @Test
  void isOfADiskOfAnySize() throws IOException {
    final long bytes = 100L << 40;
    try (Scratch scratch = Scratch.in(directory, bytes)) {
      final byte[] data = new byte[SECTOR];
      Arrays.fill(data, (byte) 7);
      scratch.write(bytes - SECTOR, ByteBuffer.wrap(data));
      final ByteBuffer read = ByteBuffer.allocate(2 * SECTOR);
      scratch.overlay(bytes - 2 * SECTOR, read);
      assertThat(read.get(SECTOR - 1)).isZero();
      assertThat(read.get(SECTOR)).isEqualTo((byte) 7);
      assertThat(scratch.isUntouched(0, 1L << 40)).isTrue();
      assertThat(scratch.isUntouched(bytes - SECTOR, SECTOR)).isFalse();
    }
  }
}
