package io.blockcam.capture.ring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.sun.management.ThreadMXBean;
import io.blockcam.capture.support.Regions;
import io.blockcam.capture.support.RingBench;
import io.blockcam.nativebindings.uapi.Ublk;
import io.blockcam.ublk.queue.DrivenQueue;
import io.blockcam.ublk.queue.FakeKernel;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Rule 8, for the way of an I/O from the driver through the queue's loop and the ring and back. */
final class HotPathAllocationTest {
  private static final int ROUNDS = 10_000;
  private static final int MAX_RUNS = 100;
  private static final int DEPTH = 8;
  private static final int BUFFER_BYTES = 64 << 10;
  private static final int SLOTS = 64;
  private static final int FUA = (int) Ublk.UBLK_IO_F_FUA();

  @TempDir Path directory;

  @Test
  void theQueueThreadAllocatesNothing() throws IOException {
    final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    assumeThat(threads.isThreadAllocatedMemorySupported()).isTrue();
    try (Slab slab = Slab.create(directory.resolve("ring"), RingBench.header(SLOTS))) {
      final CaptureRing ring =
          new CaptureRing(
              slab,
              new WallClock(WallClock.Source.system()),
              Regions.allDirty(RingBench.DISK_BYTES),
              BUFFER_BYTES / 512);
      final DrivenQueue queue =
          DrivenQueue.ofDevice(1, DEPTH, BUFFER_BYTES, ring, true, () -> {}).getFirst();
      queue.kernel().diskIsInstant = true;
      // Zero is a property of compiled code; when the compiler is done is the JVM's own affair.
      long allocated = Long.MAX_VALUE;
      for (int run = 0; run < MAX_RUNS && allocated > 0; run++) {
        final long before = threads.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < ROUNDS; i++) {
          oneOfEach(queue, ring, i);
        }
        allocated = threads.getCurrentThreadAllocatedBytes() - before;
      }
      assertThat(allocated).isZero();
    }
  }

  /** More at once than the ring holds, so that some wait for room; a FLUSH and a FUA wait, too. */
  private static void oneOfEach(final DrivenQueue queue, final CaptureRing ring, final int i)
      throws IOException {
    final FakeKernel kernel = queue.kernel();
    kernel.request(0, Ublk.UBLK_IO_OP_READ(), 0, 0, 8);
    kernel.request(1, Ublk.UBLK_IO_OP_WRITE(), 0, i & 0xffff, 1 + i % 127);
    kernel.request(2, Ublk.UBLK_IO_OP_WRITE(), FUA, 1 << 17, 128);
    kernel.request(3, Ublk.UBLK_IO_OP_FLUSH(), 0, 0, 0);
    kernel.request(4, Ublk.UBLK_IO_OP_DISCARD(), 0, i & 0xffff, 1 + i % 300);
    kernel.request(5, Ublk.UBLK_IO_OP_WRITE_ZEROES(), 0, 1 << 18, 64);
    kernel.request(6, Ublk.UBLK_IO_OP_WRITE(), 0, 1 << 19, 128);
    kernel.request(7, Ublk.UBLK_IO_OP_WRITE(), 0, 1 << 20, 128);
    boolean idle = false;
    while (!idle) {
      while (queue.canRun()) {
        queue.run();
      }
      // the consumer's part
      ring.wantsForce(ring.claimed());
      ring.release(ring.claimed());
      ring.madeDurable(ring.claimed());
      idle = !queue.canRun();
    }
    for (int tag = 0; tag < DEPTH; tag++) {
      if (!kernel.isFetched(tag)) {
        throw new AssertionError("a request was not answered");
      }
    }
  }
}
