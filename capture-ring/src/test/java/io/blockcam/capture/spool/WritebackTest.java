package io.blockcam.capture.spool;

import static org.assertj.core.api.Assertions.assertThat;

import io.blockcam.archive.faults.FaultyDisk;
import io.blockcam.nativebindings.ForwardingPosix;
import io.blockcam.nativebindings.Posix;
import io.blockcam.nativebindings.uapi.Linux;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class WritebackTest {
  @TempDir private Path directory;

  /** What was asked of the real kernel, and its answers. */
  private static final class Asked extends ForwardingPosix {
    private final List<String> ranges = new ArrayList<>();

    Asked() {
      super(Posix.linux());
    }

    @Override
    public int syncFileRange(final int fd, final long offset, final long length, final int flags) {
      assertThat(flags).as("it waits for nothing").isEqualTo(Linux.SYNC_FILE_RANGE_WRITE());
      final int result = super.syncFileRange(fd, offset, length, flags);
      ranges.add("%d+%d: %d".formatted(offset, length, result));
      return result;
    }
  }

  @Test
  void beginsEachPartOfTheFileOnceAndInLargePieces() throws IOException {
    final Path file = Files.write(directory.resolve("file"), new byte[50_000]);
    final Asked kernel = new Asked();
    try (Writeback writeback = Writeback.of(kernel, file, 16_384)) {
      for (long bytes = 4096; bytes <= 49_152; bytes += 4096) {
        writeback.grown(bytes);
      }
    }
    assertThat(kernel.ranges).containsExactly("0+16384: 0", "16384+16384: 0", "32768+16384: 0");
  }

  @Test
  void doesWithoutWhereTheKernelDoesNotKnowTheFile() throws IOException {
    final Asked kernel = new Asked();
    try (FaultyDisk disk = new FaultyDisk(new Random(1));
        Writeback elsewhere = Writeback.of(kernel, disk.root().resolve("file"), 4096);
        Writeback missing = Writeback.of(kernel, directory.resolve("no such file"), 4096)) {
      elsewhere.grown(1 << 20);
      missing.grown(1 << 20);
    }
    assertThat(kernel.ranges).isEmpty();
  }
}
