package io.blockcam.capture;

import static org.assertj.core.api.Assertions.assertThat;

import io.blockcam.archive.log.RecordView;
import io.blockcam.capture.ring.CaptureRing;
import io.blockcam.capture.ring.Slab;
import io.blockcam.capture.ring.WallClock;
import io.blockcam.capture.spool.RecordSink;
import io.blockcam.capture.support.Regions;
import io.blockcam.capture.support.RingBench;
import io.blockcam.ublk.tap.QueueTap;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Queues and the consumer that really run at the same time, over a ring that is always full: who
 * waits for room, or for the record to become durable, is woken. The seed decides the sizes; the
 * machine decides who comes in between whom.
 */
final class RingStressTest {

  private static final int SLOTS = 64;
  private static final int MAX_BLOCKS = 30;
  private static final int WRITES = 30_000;
  private static final Duration LIMIT = Duration.ofSeconds(20);

  @TempDir Path dir;

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void nobodySleepsForEver(final int queues) throws Exception {
    final Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
    try (Slab slab = Slab.create(dir.resolve("ring"), RingBench.header(SLOTS))) {
      final CaptureRing ring =
          new CaptureRing(
              slab,
              new WallClock(WallClock.Source.system()),
              Regions.allDirty(RingBench.DISK_BYTES),
              MAX_BLOCKS * 8);
      final RecordConsumer consumer =
          new RecordConsumer(ring, new Nowhere(), doubt -> {}, 0, System::nanoTime);
      final AtomicBoolean stop = new AtomicBoolean();
      final Thread consuming =
          Thread.ofPlatform()
              .name("consumer")
              .start(
                  () -> {
                    while (!stop.get()) {
                      if (consumer.doWork() == 0) {
                        consumer.awaitWork();
                      }
                    }
                  });
      final List<Thread> threads = new ArrayList<>();
      for (int q = 0; q < queues; q++) {
        final Worker worker = new Worker(ring, q);
        threads.add(
            Thread.ofPlatform()
                .name("queue-" + q)
                .start(
                    () -> {
                      try {
                        worker.run();
                      } catch (final Throwable e) {
                        failures.add(e);
                      }
                    }));
      }
      for (final Thread thread : threads) {
        assertThat(thread.join(LIMIT.multipliedBy(3)))
            .as("%s ends (%s)", thread, failures)
            .isTrue();
      }
      stop.set(true);
      ring.wake();
      consuming.join();
    }
    assertThat(failures).isEmpty();
  }

  /** A queue's thread with one request at a time. */
  private static final class Worker {
    private final MemorySegment data = RingBench.data(new byte[MAX_BLOCKS * 4096]);
    private final Semaphore woken = new Semaphore(0);
    private final Random random;
    private final QueueTap tap;

    Worker(final CaptureRing ring, final int id) {
      this.random = new Random(id);
      this.tap = ring.openQueue(id, woken::release);
    }

    void run() throws InterruptedException {
      for (int i = 0; i < WRITES; i++) {
        final int sectors = 8 * (1 + random.nextInt(MAX_BLOCKS));
        long ticket = tap.offerWrite(0, sectors, data, 0, false);
        while (ticket == QueueTap.FULL) {
          tap.requestRoom();
          awaitWakeUp("room");
          ticket = tap.offerWrite(0, sectors, data, 0, false);
        }
        tap.complete(ticket, 0);
        if (i % 8 == 0) {
          tap.requestDurable(ticket);
          while (!tap.isSafe(ticket)) {
            awaitWakeUp("durability");
          }
        }
      }
    }

    private void awaitWakeUp(final String what) throws InterruptedException {
      if (!woken.tryAcquire(LIMIT.toSeconds(), TimeUnit.SECONDS)) {
        throw new AssertionError("not woken for " + what);
      }
      woken.drainPermits();
    }
  }

  /** Takes everything at once. */
  private static final class Nowhere implements RecordSink {
    @Override
    public boolean admit(final int records) {
      return true;
    }

    @Override
    public void append(
        final RecordView record,
        final long timestampNs,
        final int flags,
        final @Nullable MemorySegment payload,
        final long payloadOffset) {}

    @Override
    public void write() {}

    @Override
    public void force() {}

    @Override
    public long sealDueNs() {
      return Long.MAX_VALUE;
    }

    @Override
    public void seal() {}

    @Override
    public void finish() {}

    @Override
    public void settle() {}

    @Override
    public void ignoreLimit() {}
  }
}
