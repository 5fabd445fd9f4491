package io.blockcam.benchmarks;

import io.blockcam.archive.Baseline;
import io.blockcam.archive.Recording;
import io.blockcam.capture.ring.DirtyRegions;
import io.blockcam.capture.ring.SlabHeader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Comparator;
import java.util.UUID;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** What the benchmarks have in common: a recording, and a place in memory. */
final class Workbench {

  static final long DISK_BYTES = 1L << 30;
  static final Recording RECORDING =
      new Recording(new UUID(5, 5), "bench", DISK_BYTES, Instant.EPOCH, "host", "", Baseline.EMPTY);

  private static final Path TMPFS = Path.of("/dev/shm");

  private Workbench() {}

  static SlabHeader slabHeader(final int slots) {
    return new SlabHeader(RECORDING.id(), 0, 0, slots, DISK_BYTES, new UUID(7, 7), 0);
  }

  /** As they are when a recorder has run for a while: none has to be waited for. */
  static DirtyRegions dirtyRegions() {
    final DirtyRegions regions = new DirtyRegions(DISK_BYTES, 1 << 20);
    regions.makeDirty(IntStream.range(0, regions.count()));
    return regions;
  }

  static Path directory() throws IOException {
    return Files.createTempDirectory(TMPFS, "blockcam-bench");
  }

  static void remove(final Path directory) throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      for (final Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
