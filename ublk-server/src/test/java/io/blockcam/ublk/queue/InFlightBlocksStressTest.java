package io.blockcam.ublk.queue;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Queues that really run at the same time, with the protocol of {@link QueueLoop}: say how many
 * wait, try, sleep until woken. Ranges overlap all the time, and every eighth is too big for the
 * table. The seed decides the ranges; the machine decides who comes in between whom.
 */
final class InFlightBlocksStressTest {

  private static final int BLOCK = 4096;
  private static final int BLOCKS = 3000;
  private static final int BIG = InFlightBlocks.MAX_SHARED_BLOCKS + 1;
  private static final int ROUNDS = 60_000;
  private static final Duration LIMIT = Duration.ofSeconds(20);

  /** Nobody sleeps while what he waits for is free, and no two hold one block. */
  @RepeatedTest(3)
  void everyRangeIsHadInTheEndAndByOneAlone(final RepetitionInfo repetition) throws Exception {
    run(2, 4, repetition.getCurrentRepetition());
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3, 4})
  void holdsForAsManyQueues(final int queues) throws Exception {
    run(queues, 3, queues);
  }

  private static void run(final int queues, final int tags, final long seed) throws Exception {
    final InFlightBlocks blocks = new InFlightBlocks(queues, tags, (long) (BLOCKS + BIG) * BLOCK);
    final AtomicIntegerArray owners = new AtomicIntegerArray(BLOCKS + BIG + 1);
    final Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
    final List<Thread> threads = new ArrayList<>();
    for (int q = 0; q < queues; q++) {
      final Worker worker = new Worker(blocks, owners, q, tags, seed * 100 + q);
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
      assertThat(thread.join(LIMIT)).as("%s makes progress (%s)", thread, failures).isTrue();
    }
    assertThat(failures).isEmpty();
    assertThat(blocks.tryLock(0, 0, 0, (long) (BLOCKS + BIG) * BLOCK)).as("all is free").isTrue();
    blocks.giveUp(0, 0);
    assertThat(blocks.isFree()).isTrue();
  }

  /** One queue's thread; a tag that has its range keeps it for a few rounds. */
  private static final class Worker {
    private final InFlightBlocks blocks;
    private final AtomicIntegerArray owners;
    private final int id;
    private final Random random;
    private final Semaphore woken = new Semaphore(0);
    private final int[] first;
    private final int[] count;
    private final boolean[] holds;
    private final boolean[] waits;
    private int done;

    Worker(
        final InFlightBlocks blocks,
        final AtomicIntegerArray owners,
        final int id,
        final int tags,
        final long seed) {
      this.blocks = blocks;
      this.owners = owners;
      this.id = id;
      this.random = new Random(seed);
      this.first = new int[tags];
      this.count = new int[tags];
      this.holds = new boolean[tags];
      this.waits = new boolean[tags];
      blocks.onFreed(id, woken::release);
    }

    void run() throws InterruptedException {
      while (done < ROUNDS) {
        for (int tag = 0; tag < first.length; tag++) {
          if (!holds[tag] && !waits[tag]) {
            first[tag] = random.nextInt(BLOCKS);
            count[tag] = random.nextInt(8) == 0 ? BIG : 1 + random.nextInt(32);
            waits[tag] = true;
          }
        }
        retry();
        finishOne();
        if (!holdsAny()) {
          sleep();
        }
      }
      for (int tag = 0; tag < first.length; tag++) {
        if (holds[tag]) {
          release(tag);
        } else {
          blocks.giveUp(id, tag);
        }
      }
      blocks.setWaiting(id, 0);
    }

    private void retry() {
      blocks.setWaiting(id, first.length); // all that may come to wait
      int waiting = 0;
      for (int tag = 0; tag < first.length; tag++) {
        if (waits[tag]) {
          if (blocks.tryLock(id, tag, first[tag] * (long) BLOCK, count[tag] * (long) BLOCK)) {
            waits[tag] = false;
            holds[tag] = true;
            for (int i = 0; i < count[tag]; i++) {
              if (!owners.compareAndSet(first[tag] + i, 0, id + 1)) {
                throw new AssertionError("block %d has two owners".formatted(first[tag] + i));
              }
            }
          } else {
            waiting++;
          }
        }
      }
      blocks.setWaiting(id, waiting);
    }

    private void finishOne() {
      for (int tag = random.nextInt(first.length), n = 0; n < first.length; n++) {
        final int candidate = (tag + n) % first.length;
        if (holds[candidate]) {
          release(candidate);
          done++;
          return;
        }
      }
    }

    private void release(final int tag) {
      for (int i = 0; i < count[tag]; i++) {
        owners.set(first[tag] + i, 0);
      }
      holds[tag] = false;
      blocks.unlock(id, tag, first[tag] * (long) BLOCK, count[tag] * (long) BLOCK);
    }

    private boolean holdsAny() {
      for (final boolean held : holds) {
        if (held) {
          return true;
        }
      }
      return false;
    }

    /** As a queue does that has nothing in the target: nothing but a wake-up brings it back. */
    private void sleep() throws InterruptedException {
      retry();
      if (!holdsAny() && !woken.tryAcquire(LIMIT.toSeconds() / 2, TimeUnit.SECONDS)) {
        throw new AssertionError("queue " + id + " was not woken after " + done + " rounds");
      }
      woken.drainPermits();
    }
  }
}
