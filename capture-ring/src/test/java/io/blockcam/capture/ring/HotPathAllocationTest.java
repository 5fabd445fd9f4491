package io.blockcam.capture.ring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.sun.management.ThreadMXBean;
import io.blockcam.capture.support.RingBench;
import io.blockcam.ublk.tap.QueueTap;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Design rule 8: the queue thread does not allocate on the way of an I/O. */
final class HotPathAllocationTest {
  private static final int ROUNDS = 20_000;
  private static final int MAX_RUNS = 50;

  @TempDir Path directory;

  @Test
  void theQueueThreadAllocatesNothing() throws IOException {
    final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    assumeThat(threads.isThreadAllocatedMemorySupported()).isTrue();
    try (Slab slab = Slab.create(directory.resolve("ring"), RingBench.header(64))) {
      final CaptureRing ring =
          new CaptureRing(slab, new WallClock(WallClock.Source.system()), 16 * 8);
      final QueueTap queue = ring.openQueue(0, () -> {});
      final MemorySegment data = RingBench.data(new byte[16 * 4096]);
      // Zero is a property of compiled code; when the compiler is done is the JVM's own affair.
      long allocated = Long.MAX_VALUE;
      for (int run = 0; run < MAX_RUNS && allocated > 0; run++) {
        final long before = threads.getCurrentThreadAllocatedBytes();
        run(ring, queue, data);
        allocated = threads.getCurrentThreadAllocatedBytes() - before;
      }
      assertThat(allocated).isZero();
    }
  }

  private static void run(final CaptureRing ring, final QueueTap queue, final MemorySegment data) {
    for (int i = 0; i < ROUNDS; i++) {
      complete(queue, queue.offerWrite(i & 0xffff, 1 + i % 127, data, 512, (i & 7) == 0));
      complete(queue, queue.offerZeroes(i & 0xffff, 1 + i % 300, (i & 1) == 0, false));
      final long flush = queue.offerFlush();
      if (flush == QueueTap.FULL) {
        queue.requestRoom();
        // the consumer's part
        ring.wantsForce(ring.claimed());
        ring.release(ring.claimed());
        ring.madeDurable(ring.claimed());
      } else {
        queue.requestDurable(flush);
        queue.isDurable(flush);
      }
    }
  }

  private static void complete(final QueueTap queue, final long ticket) {
    if (ticket == QueueTap.FULL) {
      queue.requestRoom();
    } else {
      queue.complete(ticket, 0);
    }
  }
}
