package io.blockcam.benchmarks.driverless;

import io.blockcam.archive.Baseline;
import io.blockcam.archive.Recording;
import io.blockcam.archive.log.DigestedSegment;
import io.blockcam.archive.segment.SegmentLimits;
import io.blockcam.capture.Capture;
import io.blockcam.capture.CaptureOptions;
import io.blockcam.capture.CaptureStatus;
import io.blockcam.capture.OnFull;
import io.blockcam.capture.disk.TargetBacking;
import io.blockcam.capture.spool.SealRules;
import io.blockcam.capture.spool.Spool;
import io.blockcam.nativebindings.NiceThreads;
import io.blockcam.nativebindings.Posix;
import io.blockcam.ublk.control.DeviceInfo;
import io.blockcam.ublk.control.DeviceState;
import io.blockcam.ublk.queue.QueueSet;
import io.blockcam.ublk.queue.ServedDevice;
import io.blockcam.ublk.target.FileTarget;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Serves a file to the driver of {@code src/native}, and records it if that is wanted.
 *
 * <pre>Server serve|record BACKING SPOOL RING QUEUE-CPU DEPTH DRIVER-RING MEMORY</pre>
 *
 * <p>SPOOL is an empty directory; QUEUE-CPU is where the queue's thread runs, or -1. The last two
 * are descriptors that it has inherited. Tells {@code ready RING} on standard output; answers
 * {@code drain} on standard input with {@code drained} once the ring is empty, anything else with
 * {@link Threads#use}; ends with standard input.
 */
public final class Server {

  private static final long SPOOL_BYTES = 16L << 30;
  private static final long TOUCHED_BYTES = 3L << 30;
  private static final long LOOK_NS = 100_000;
  private static final Duration START_LIMIT = Duration.ofSeconds(10);

  /** So that files are written over before it is measured. */
  private static final Duration SEAL_AFTER = Duration.ofSeconds(2);

  private static final int CPU_SET_BYTES = 128;

  private Server() {}

  /** See the class. */
  public static void main(final String[] arguments) throws IOException {
    final int depth = Integer.parseInt(arguments[5]);
    final int memoryFd = Integer.parseInt(arguments[7]);
    final FileTarget target = FileTarget.open(Posix.linux(), arguments[1], /* createBytes= */ 0);
    final @Nullable Spool spool =
        arguments[0].equals("record")
            ? spool(target.geometry().bytes(), Path.of(arguments[2]))
            : null;
    final @Nullable Capture capture =
        spool == null ? null : capture(spool, target, Path.of(arguments[3]));
    final GuestMemory guest = GuestMemory.map(Posix.linux(), memoryFd, depth);
    final AtomicInteger ring = new AtomicInteger();
    final QueueSet queues =
        new QueueSet(
            () ->
                new MessagePosix(
                    Posix.linux(), guest, Integer.parseInt(arguments[6]), depth, ring::set),
            new ServedDevice(
                new DeviceInfo(
                    0, 1, depth, GuestMemory.MAX_IO_BYTES, DeviceState.LIVE, -1, 0, /* owner= */ 0),
                memoryFd,
                target,
                capture == null ? null : capture.tap()),
            List.of(affinity(Integer.parseInt(arguments[4]))),
            Server::fail);
    queues.start(START_LIMIT);
    if (capture != null) {
      capture.failure().thenAccept(Server::fail);
    }
    System.out.println("ready " + ring.get());
    boolean warm = false;
    final BufferedReader orders =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String order = orders.readLine(); order != null; order = orders.readLine()) {
      if (order.equals("drain")) {
        drain(capture);
        if (!warm) {
          awaitShipped(spool);
          warm = true;
        }
        System.out.println("drained");
      } else {
        System.out.println("used " + Threads.use());
      }
    }
    Runtime.getRuntime().halt(0); // there is no device to stop
  }

  private static void fail(final Throwable cause) {
    cause.printStackTrace();
    Runtime.getRuntime().halt(1);
  }

  private static Spool spool(final long diskBytes, final Path directory) throws IOException {
    final Spool spool =
        Spool.open(
            directory,
            new Recording(
                new UUID(5, 5), "bench", diskBytes, Instant.EPOCH, "host", "", Baseline.EMPTY),
            SPOOL_BYTES);
    final Thread archive = new NiceThreads().newThread(() -> archive(spool));
    archive.setName("archive");
    archive.setDaemon(true);
    archive.start();
    return spool;
  }

  private static Capture capture(final Spool spool, final FileTarget target, final Path ring)
      throws IOException {
    return Capture.start(
        spool,
        new CaptureOptions(
            ring,
            CaptureOptions.DEFAULT_RING_SLOTS,
            GuestMemory.MAX_IO_BYTES >> 9,
            SealRules.beside(SegmentLimits.DEFAULT, SEAL_AFTER),
            OnFull.BLOCK,
            CaptureOptions.DEFAULT_REGION_BYTES),
        new TargetBacking(target));
  }

  /** Makes the digests of everything, as an uploader does, and takes it at once. */
  private static void archive(final Spool spool) {
    try {
      while (true) {
        spool.awaitSealed(Duration.ofHours(1));
        for (final Path sealed : spool.oldestSealed(16)) {
          spool.remove(
              sealed,
              DigestedSegment.of(sealed, spool.recording().id(), spool.shipped().digest())
                  .trailer()
                  .digest());
        }
      }
    } catch (final IOException | InterruptedException e) {
      fail(e);
    }
  }

  private static void drain(final @Nullable Capture capture) {
    while (capture != null && isBehind(capture.status())) {
      LockSupport.parkNanos(LOOK_NS);
    }
  }

  /**
   * Leaves nothing of the warm-up to do while it is measured but what always is; and memory that is
   * there: what a virtual machine has not touched for a while its host has taken away, and to have
   * it back costs more than all else that is done for a page.
   */
  private static void awaitShipped(final @Nullable Spool spool) throws IOException {
    while (spool != null && spool.backlog() > 0) {
      LockSupport.parkNanos(LOOK_NS);
    }
    if (spool != null && Files.getFileStore(spool.directory()).type().equals("tmpfs")) {
      final Path file =
          spool.directory().resolveSibling("touched-" + ProcessHandle.current().pid());
      final byte[] chunk = new byte[1 << 20];
      try (OutputStream out = Files.newOutputStream(file)) {
        for (int i = 0; i < TOUCHED_BYTES >> 20; i++) {
          out.write(chunk);
        }
      }
      Files.delete(file);
    }
  }

  private static boolean isBehind(final CaptureStatus status) {
    return status.appendedSequence() < status.lastSequence();
  }

  /** A cpu_set_t of one, or of all. */
  private static byte[] affinity(final int cpu) {
    final byte[] set = new byte[CPU_SET_BYTES];
    if (cpu < 0) {
      Arrays.fill(set, (byte) -1);
    } else {
      set[cpu / 8] = (byte) (1 << cpu % 8);
    }
    return set;
  }
}
