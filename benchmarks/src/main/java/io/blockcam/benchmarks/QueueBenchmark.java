package io.blockcam.benchmarks;

import io.blockcam.capture.ring.CaptureRing;
import io.blockcam.capture.ring.Slab;
import io.blockcam.capture.ring.WallClock;
import io.blockcam.nativebindings.uapi.Ublk;
import io.blockcam.ublk.queue.DrivenQueue;
import io.blockcam.ublk.queue.FakeKernel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * What a request of 4 KiB costs the queue's thread, from its arrival to its commit: the real loop
 * and the real target of a file over a fake kernel with an instant disk. The fake's own work, some
 * tens of nanoseconds for the two entries into it, is in the figures.
 */
@State(Scope.Thread)
@SuppressWarnings("NullAway.Init") // JMH does that
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class QueueBenchmark {

  private static final int SLOTS = 1 << 12;
  private static final int BLOCK_BYTES = 4096;
  private static final int BLOCK_SECTORS = 8;
  private static final int REQUESTS = 32;

  /** What the guest asks for. */
  @Param({"read", "write", "write, recorded", "write, in a gap", "read, writes wait"})
  public String request;

  private Path directory = Path.of("unset");
  private int op;
  private @Nullable Slab slab;
  private @Nullable CaptureRing ring;
  private DrivenQueue queue;
  private FakeKernel kernel;
  private long at;

  /** Makes the queue, and the ring if it is recorded. */
  @Setup
  public void open() throws IOException {
    directory = Workbench.directory();
    op = request.startsWith("read") ? Ublk.UBLK_IO_OP_READ() : Ublk.UBLK_IO_OP_WRITE();
    if (!request.equals("read") && !request.equals("write")) {
      slab = Slab.create(directory.resolve("ring"), Workbench.slabHeader(SLOTS));
      ring =
          new CaptureRing(
              slab,
              new WallClock(WallClock.Source.system()),
              Workbench.dirtyRegions(),
              BLOCK_SECTORS);
      queue = DrivenQueue.ofDevice(1, 2 * REQUESTS, BLOCK_BYTES, ring, true, () -> {}).getFirst();
      if (request.endsWith("gap")) {
        ring.beginMissing();
      }
    } else {
      queue = DrivenQueue.untapped(REQUESTS, BLOCK_BYTES);
    }
    kernel = queue.kernel();
    kernel.diskIsInstant = true;
    if (request.endsWith("wait")) {
      fillTheRing();
    }
  }

  /** Afterwards the writes of half of the tags wait. */
  private void fillTheRing() throws IOException {
    for (int written = 0; written <= SLOTS; written += REQUESTS) {
      for (int tag = 0; tag < REQUESTS; tag++) {
        kernel.request(REQUESTS + tag, Ublk.UBLK_IO_OP_WRITE(), 0, 0, BLOCK_SECTORS);
      }
      while (queue.canRun()) {
        queue.run();
      }
    }
  }

  /** Removes the ring. */
  @TearDown
  public void close() throws IOException {
    if (slab != null) {
      slab.close();
    }
    Workbench.remove(directory);
  }

  /** As many as fit arrive together. */
  @Benchmark
  @OperationsPerInvocation(REQUESTS)
  public int serve() throws IOException {
    for (int tag = 0; tag < REQUESTS; tag++) {
      kernel.request(tag, op, 0, BLOCK_SECTORS * (at++ & 0xffff), BLOCK_SECTORS);
    }
    while (queue.canRun()) {
      queue.run();
    }
    if (ring != null && !request.endsWith("wait")) {
      ring.release(ring.claimed());
    }
    return kernel.commits(0);
  }
}
