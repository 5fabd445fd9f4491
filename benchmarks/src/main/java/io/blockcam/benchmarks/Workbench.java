package io.blockcam.benchmarks;

import io.blockcam.archive.Baseline;
import io.blockcam.archive.Recording;
import io.blockcam.archive.hash.Sha256;
import io.blockcam.archive.hash.Sha256Digest;
import io.blockcam.archive.log.RecordView;
import io.blockcam.archive.log.SegmentWriter;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.archive.segment.FileBytes;
import io.blockcam.archive.segment.SealedSegment;
import io.blockcam.archive.segment.SegmentHeader;
import io.blockcam.archive.segment.SegmentLimits;
import io.blockcam.capture.ring.DirtyRegions;
import io.blockcam.capture.ring.SlabHeader;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
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

  /** What a record is of. */
  @FunctionalInterface
  interface Content {
    /**
     * Fills the payload of the next record, which is as the last one has left it.
     *
     * @return its block
     */
    long fill(byte[] payload);
  }

  /** Writes segments of so many records each; the caller closes their files. */
  static List<FileBytes> segments(
      final Path directory, final int count, final int records, final Content content)
      throws IOException {
    final List<FileBytes> files = new ArrayList<>();
    final byte[] payload = new byte[4096];
    Sha256Digest previous = Sha256.of(new byte[0]);
    for (int s = 0; s < count; s++) {
      final long first = (long) s * records;
      try (SegmentWriter writer =
          SegmentWriter.create(
              directory,
              new SegmentHeader(RECORDING.id(), 0, s, first, 0, DISK_BYTES),
              SegmentLimits.DEFAULT)) {
        for (int i = 0; i < records; i++) {
          final long block = content.fill(payload);
          writer.append(
              RecordView.allocate().put(first + i, block, 1, RecordKind.DATA, 0xff, 0),
              first + i,
              0,
              MemorySegment.ofArray(payload),
              0);
        }
        final SealedSegment sealed = writer.seal(previous);
        previous = sealed.digest();
        files.add(FileBytes.open(sealed.path()));
      }
    }
    return files;
  }

  /** Fills every sector with something else, which costs little to make. */
  static void fillSectors(final byte[] payload, final SplittableRandom random) {
    for (int at = 0; at < payload.length; at += 512) {
      ByteBuffer.wrap(payload).putLong(at, random.nextLong());
    }
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
