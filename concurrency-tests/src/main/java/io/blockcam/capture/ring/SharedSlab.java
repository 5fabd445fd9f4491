package io.blockcam.capture.ring;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;
import java.util.stream.IntStream;

/**
 * A slab for thousands of rings at once: each writes records of one slot only, so that all of them
 * write the same where it matters.
 */
final class SharedSlab {

  static final int SLOTS = 64;
  private static final Slab SLAB = make();

  private static final DirtyRegions REGIONS = dirtyRegions();

  private SharedSlab() {}

  private static DirtyRegions dirtyRegions() {
    final DirtyRegions regions = new DirtyRegions(1L << 30, 1L << 30);
    regions.makeDirty(IntStream.range(0, regions.count()));
    return regions;
  }

  /** A ring of its own over it. */
  static CaptureRing ring() {
    return ring(REGIONS);
  }

  /** The same with regions of its own. */
  static CaptureRing ring(final DirtyRegions regions) {
    return new CaptureRing(SLAB, new WallClock(new StandingClock()), regions, 8);
  }

  private static Slab make() {
    try {
      final Path directory = Files.createTempDirectory(Path.of("/dev/shm"), "blockcam-race");
      final Slab slab =
          Slab.create(
              directory.resolve("ring"),
              new SlabHeader(new UUID(1, 1), 0, 0, SLOTS, 1L << 30, new UUID(2, 2), 0));
      slab.delete(); // the memory stays until the process ends
      Files.delete(directory);
      return slab;
    } catch (final IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private record StandingClock() implements WallClock.Source {
    @Override
    public long monotonicNs() {
      return 0;
    }

    @Override
    public long realtimeNs() {
      return 0;
    }
  }
}
