package io.blockcam.capture.support;

import io.blockcam.archive.Baseline;
import io.blockcam.archive.Recording;
import io.blockcam.archive.segment.SegmentLimits;
import io.blockcam.capture.Capture;
import io.blockcam.capture.CaptureOptions;
import io.blockcam.capture.ring.CaptureRing;
import io.blockcam.capture.ring.Slab;
import io.blockcam.capture.ring.WallClock;
import io.blockcam.capture.spool.Spool;
import io.blockcam.ublk.tap.QueueTap;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import java.util.UUID;
import java.util.concurrent.locks.LockSupport;

/**
 * Times the queue thread's part of a write, and how fast the consumer keeps up. A program, not a
 * test: run its main with a directory on tmpfs (ring) and one on a disk (spool).
 */
public final class OfferTiming {
  private static final int ROUNDS = 2_000_000;
  private static final int REPEATS = 5;

  private OfferTiming() {}

  /** Arguments: directory of the ring, directory of the spool. */
  public static void main(final String[] args) throws Exception {
    final Path ringDirectory = Files.createTempDirectory(Path.of(args[0]), "ring");
    for (final int blocks : new int[] {1, 8, 32}) {
      for (int repeat = 0; repeat < REPEATS; repeat++) {
        offers(ringDirectory.resolve("ring-" + blocks), blocks);
      }
    }
    for (int repeat = 0; repeat < REPEATS; repeat++) {
      consumer(
          ringDirectory.resolve("ring"),
          Files.createTempDirectory(Path.of(args[1]), "spool").resolve("s"));
    }
  }

  /** Clock, claim, copy, headers, outcome, publish, signal: nobody is waiting. */
  private static void offers(final Path file, final int blocks) throws IOException {
    try (Slab slab = Slab.create(file, RingBench.header(1 << 12))) {
      final CaptureRing ring =
          new CaptureRing(slab, new WallClock(WallClock.Source.system()), blocks * 8);
      final QueueTap queue = ring.openQueue(0, () -> {});
      final MemorySegment data = RingBench.data(new byte[blocks * 4096]);
      final int rounds = ROUNDS / blocks;
      final long startNs = System.nanoTime();
      for (int i = 0; i < rounds; i++) {
        final long ticket = queue.offerWrite(8L * (i & 0xffff), blocks * 8, data, 512, false);
        queue.complete(ticket, 0);
        if ((i & 15) == 0) {
          ring.release(ring.claimed());
        }
      }
      final double perWrite = (double) (System.nanoTime() - startNs) / rounds;
      System.out.printf(
          Locale.ROOT,
          "offer+complete of %3d KiB: %8.0f ns, %.1f GB/s%n",
          blocks * 4,
          perWrite,
          blocks * 4096 / perWrite);
    }
  }

  /** Blocks that all differ, as fast as the ring takes them. */
  private static void consumer(final Path ringFile, final Path spoolDirectory) throws IOException {
    final Recording disk =
        new Recording(new UUID(5, 5), "timing", 1 << 30, Instant.EPOCH, "host", "", Baseline.EMPTY);
    try (Spool spool = Spool.open(spoolDirectory, disk, 1L << 40)) {
      final Capture capture =
          Capture.start(
              spool,
              new CaptureOptions(
                  ringFile, 1 << 14, 256, SegmentLimits.DEFAULT, Duration.ofSeconds(60)));
      final Thread self = Thread.currentThread();
      final QueueTap queue = capture.tap().openQueue(0, () -> LockSupport.unpark(self));
      final MemorySegment data = RingBench.data(new byte[32 * 4096]);
      final int writes = 8192;
      final long startNs = System.nanoTime();
      for (int i = 0; i < writes; i++) {
        for (int b = 0; b < 32; b++) {
          data.set(ValueLayout.JAVA_LONG_UNALIGNED, 512 + b * 4096L, i * 32L + b + 1);
        }
        long ticket = queue.offerWrite(8L * 32 * (i & 0xff), 256, data, 512, false);
        while (ticket == QueueTap.FULL) {
          queue.requestRoom();
          LockSupport.park();
          ticket = queue.offerWrite(8L * 32 * (i & 0xff), 256, data, 512, false);
        }
        queue.complete(ticket, 0);
      }
      capture.stop(Duration.ofMinutes(5));
      final double seconds = (System.nanoTime() - startNs) / 1e9;
      System.out.printf(
          Locale.ROOT, "ring to sealed spool: %.0f MB/s%n", writes * 32 * 4096L / seconds / 1e6);
      while (spool.oldestSealed().isPresent()) {
        spool.remove(spool.oldestSealed().get());
      }
    }
  }
}
