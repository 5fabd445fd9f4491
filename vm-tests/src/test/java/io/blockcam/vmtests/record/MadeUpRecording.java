package io.blockcam.vmtests.record;

import io.blockcam.archive.Baseline;
import io.blockcam.archive.Recording;
import io.blockcam.archive.segment.SegmentLimits;
import io.blockcam.capture.Capture;
import io.blockcam.capture.CaptureOptions;
import io.blockcam.capture.OnFull;
import io.blockcam.capture.disk.Backing;
import io.blockcam.capture.ring.SlabHeader;
import io.blockcam.capture.spool.SealRules;
import io.blockcam.capture.spool.Spool;
import io.blockcam.cli.SpoolSource;
import io.blockcam.store.ObjectStore;
import io.blockcam.store.Stores;
import io.blockcam.ublk.tap.QueueTap;
import io.blockcam.uploader.Pace;
import io.blockcam.uploader.Sending;
import io.blockcam.uploader.Uploader;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Random;
import java.util.UUID;

/**
 * A disk and its recording as a recorder makes them, but without a device: the product's own ring,
 * spool and uploader are given the writes that a queue would give them. For tests that need a
 * recording and no kernel.
 */
public final class MadeUpRecording {

  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final int SECTOR_BYTES = 512;

  private MadeUpRecording() {}

  /**
   * Records a disk into {@code dir/archive} and leaves the disk itself as {@code dir/NAME.disk}.
   *
   * @param segments how many; each holds one write of {@code writeBytes} random bytes, each in
   *     another MiB of the disk, and the FLUSH behind it
   */
  public static void make(
      final Path dir,
      final String name,
      final long diskBytes,
      final int segments,
      final int writeBytes)
      throws IOException, InterruptedException {
    final Recording recording =
        new Recording(
            UUID.randomUUID(), name, diskBytes, Instant.now(), "localhost", "", Baseline.EMPTY);
    final CaptureOptions options =
        new CaptureOptions(
            dir.resolve(name + ".ring"),
            SlabHeader.slotsFor(1 << 20),
            writeBytes / SECTOR_BYTES,
            SealRules.beside(SegmentLimits.DEFAULT, Duration.ofMillis(20)),
            OnFull.BLOCK,
            CaptureOptions.DEFAULT_REGION_BYTES);
    final Random random = new Random(6);
    try (ObjectStore store = Stores.open(dir.resolve("archive").toUri().toString());
        Spool spool = Spool.open(dir.resolve(name + ".spool"), recording, 1L << 30);
        Uploader uploader =
            new Uploader(
                store,
                recording,
                new SpoolSource(spool),
                Sending.plain(dir.resolve(name + ".encoding")),
                Pace.usual());
        RandomAccessFile disk = new RandomAccessFile(dir.resolve(name + ".disk").toFile(), "rw");
        Arena arena = Arena.ofConfined()) {
      disk.setLength(diskBytes);
      final Capture capture =
          Capture.start(spool, options, Backing.unwritten((data, offset) -> data.fill((byte) 0)));
      uploader.start();
      final QueueTap queue = capture.tap().openQueue(0, () -> {});
      final MemorySegment memory = arena.allocate(writeBytes, 4096);
      for (int i = 1; i <= segments; i++) {
        final byte[] data = new byte[writeBytes];
        random.nextBytes(data);
        MemorySegment.copy(data, 0, memory, ValueLayout.JAVA_BYTE, 0, writeBytes);
        final long offset = (long) i << 20;
        disk.seek(offset);
        disk.write(data);
        final long write =
            queue.offerWrite(
                offset / SECTOR_BYTES, writeBytes / SECTOR_BYTES, memory, 0, /* fua= */ false);
        queue.complete(write, writeBytes);
        queue.requestDurable(queue.offerFlush());
        awaitPublished(uploader, i);
      }
      if (!capture.stop(LIMIT) || !uploader.drain(LIMIT)) {
        throw new AssertionError("the recording was not finished: " + uploader.status());
      }
    }
  }

  private static void awaitPublished(final Uploader uploader, final int segments)
      throws InterruptedException {
    final long until = System.nanoTime() + LIMIT.toNanos();
    while (uploader.status().publishedSegments() < segments) {
      if (System.nanoTime() - until > 0) {
        throw new AssertionError(segments + " segments were not published: " + uploader.status());
      }
      Thread.sleep(5);
    }
  }
}
