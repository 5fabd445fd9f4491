package io.blockcam.ublk.queue;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Test;

/** Rule 1, replay equals disk: of two overlapping writes only one is in flight. */
final class InFlightBlocksTest {

  private static final long BIG = (InFlightBlocks.MAX_SHARED_BLOCKS + 1L) * 4096;

  private final InFlightBlocks blocks = new InFlightBlocks(2);

  @Test
  void shouldRefuseOverlapInOneBlockOfDifferentSectors() {
    assertThat(blocks.tryLock(0, 0, 0, 512)).isTrue();
    assertThat(blocks.tryLock(1, 0, 512, 512)).isFalse();
  }

  @Test
  void shouldAllowNeighbours() {
    assertThat(blocks.tryLock(0, 0, 0, 4096)).isTrue();
    assertThat(blocks.tryLock(0, 1, 4096, 4096)).isTrue();
  }

  @Test
  void shouldGiveBackAllOfARefusedRange() {
    assertThat(blocks.tryLock(0, 0, 8192, 4096)).isTrue();
    assertThat(blocks.tryLock(1, 0, 0, 16384)).isFalse();
    assertThat(blocks.tryLock(1, 1, 0, 8192)).isTrue();
  }

  @Test
  void shouldCountTheBlocksOfAnUnalignedRange() {
    assertThat(blocks.tryLock(0, 0, 4096 - 512, 1024)).isTrue();
    assertThat(blocks.tryLock(0, 1, 0, 512)).isFalse();
    assertThat(blocks.tryLock(0, 2, 8192 - 512, 512)).isFalse();
    blocks.unlock(0, 4096 - 512, 1024);
    assertThat(blocks.tryLock(0, 1, 0, 8192)).isTrue();
  }

  @Test
  void shouldLetBigRangeWaitUntilItIsAloneAndKeepNewcomersOut() {
    assertThat(blocks.tryLock(0, 0, 0, 4096)).isTrue();
    assertThat(blocks.tryLock(1, 7, 0, BIG)).isFalse();
    assertThat(blocks.tryLock(0, 1, 1L << 40, 4096)).isFalse();

    blocks.unlock(0, 0, 4096);
    assertThat(blocks.tryLock(1, 7, 0, BIG)).isTrue();
    assertThat(blocks.tryLock(0, 1, 1L << 40, 4096)).isFalse();

    blocks.unlock(1, 0, BIG);
    assertThat(blocks.tryLock(0, 1, 1L << 40, 4096)).isTrue();
  }

  @Test
  void shouldLetOneBigRangeAfterTheOther() {
    assertThat(blocks.tryLock(0, 0, 0, BIG)).isTrue();
    assertThat(blocks.tryLock(0, 1, 0, BIG)).isFalse();
    blocks.unlock(0, 0, BIG);
    assertThat(blocks.tryLock(0, 1, 0, BIG)).isTrue();
  }

  @Test
  void shouldWakeOtherQueuesThatWait() {
    final int[] woken = new int[2];
    blocks.onFreed(0, () -> woken[0]++);
    blocks.onFreed(1, () -> woken[1]++);
    assertThat(blocks.tryLock(0, 0, 0, 4096)).isTrue();
    blocks.setWaiting(1, 1);
    blocks.unlock(0, 0, 4096);
    assertThat(woken).containsExactly(0, 1);
  }

  /** The owner may have counted in the one that is refused, in the moment before it was. */
  @Test
  void shouldWakeTheOwnerOfABigRangeWhenARefusedOneWithdraws() {
    final int[] woken = new int[2];
    blocks.onFreed(0, () -> woken[0]++);
    blocks.onFreed(1, () -> woken[1]++);
    assertThat(blocks.tryLock(0, 0, 0, 4096)).isTrue();
    assertThat(blocks.tryLock(1, 7, 0, BIG)).isFalse(); // has announced itself and waits
    blocks.setWaiting(1, 1);

    assertThat(blocks.tryLock(0, 1, 1L << 40, 4096)).isFalse();

    assertThat(woken).as("wake-ups of the owner's queue").containsExactly(0, 1);
  }

  /** Else they would wake each other for as long as somebody holds what both want. */
  @Test
  void shouldNotWakeOtherQueuesWhenOneIsRefused() {
    final int[] woken = new int[2];
    blocks.onFreed(0, () -> woken[0]++);
    blocks.onFreed(1, () -> woken[1]++);
    assertThat(blocks.tryLock(0, 0, 4096, 4096)).isTrue();
    blocks.setWaiting(1, 1);
    assertThat(blocks.tryLock(0, 1, 0, 8192)).isFalse();
    assertThat(woken).containsExactly(0, 0);
  }

  /**
   * Two queues by turns with big and small ranges, each sleeping until it is woken whenever it is
   * refused, as the queue's thread does: both come to their end.
   */
  @Test
  void shouldWakeWhoeverWaitsWhateverTheOrder() throws InterruptedException {
    final int rounds = 20_000;
    final Semaphore[] wakeUps = {new Semaphore(0), new Semaphore(0)};
    final AtomicIntegerArray stuck = new AtomicIntegerArray(2);
    final Thread[] threads = new Thread[2];
    for (int q = 0; q < 2; q++) {
      final int queue = q;
      blocks.onFreed(queue, wakeUps[queue]::release);
      threads[q] =
          new Thread(
              () -> {
                final Random random = new Random(queue);
                for (int i = 0; i < rounds && stuck.get(queue) == 0; i++) {
                  final long length = random.nextInt(4) == 0 ? BIG : 8192;
                  final long offset = random.nextInt(4) * 4096L;
                  while (!tryOrWait(queue, offset, length, wakeUps[queue], stuck)) {
                    // woken: try again
                  }
                  if (stuck.get(queue) == 0) {
                    blocks.unlock(queue, offset, length);
                  }
                }
              });
      threads[q].start();
    }
    for (final Thread thread : threads) {
      thread.join();
    }
    assertThat(stuck.get(0) + stuck.get(1)).as("queues that nobody woke").isZero();
  }

  /** As QueueLoop does it: try, say that one waits, try again, sleep. True also when given up. */
  private boolean tryOrWait(
      final int queue,
      final long offset,
      final long length,
      final Semaphore wakeUp,
      final AtomicIntegerArray stuck) {
    if (blocks.tryLock(queue, 0, offset, length)) {
      return true;
    }
    blocks.setWaiting(queue, 1);
    boolean locked = blocks.tryLock(queue, 0, offset, length);
    try {
      if (!locked && !wakeUp.tryAcquire(5, TimeUnit.SECONDS)) {
        stuck.set(queue, 1);
        locked = true;
      }
    } catch (final InterruptedException e) {
      Thread.currentThread().interrupt();
      locked = true;
    }
    wakeUp.drainPermits();
    blocks.setWaiting(queue, 0);
    return locked;
  }

  @Test
  void shouldNeverLetTwoThreadsHoldOverlappingRanges() throws InterruptedException {
    final int diskBlocks = 64;
    final AtomicIntegerArray holders = new AtomicIntegerArray(diskBlocks);
    final AtomicIntegerArray conflicts = new AtomicIntegerArray(1);
    final AtomicIntegerArray granted = new AtomicIntegerArray(2);
    final Thread[] threads = new Thread[2];
    for (int q = 0; q < threads.length; q++) {
      final int queue = q;
      threads[q] =
          new Thread(
              () -> {
                final RandomGenerator random =
                    RandomGeneratorFactory.of("L64X128MixRandom").create(queue + 1);
                for (int i = 0; i < 200_000; i++) {
                  final boolean big = random.nextInt(50) == 0;
                  final int first = big ? 0 : random.nextInt(diskBlocks - 4);
                  final int count = big ? diskBlocks : 1 + random.nextInt(4);
                  final long length = big ? BIG : count * 4096L;
                  if (!blocks.tryLock(queue, big ? 1 : 0, first * 4096L, length)) {
                    if (big) {
                      // The claim stays until it is granted.
                      while (!blocks.tryLock(queue, 1, 0, length)) {
                        Thread.onSpinWait();
                      }
                    } else {
                      continue;
                    }
                  }
                  granted.incrementAndGet(queue);
                  for (int b = first; b < first + count; b++) {
                    if (holders.getAndIncrement(b) != 0) {
                      conflicts.incrementAndGet(0);
                    }
                  }
                  for (int b = first; b < first + count; b++) {
                    holders.getAndDecrement(b);
                  }
                  blocks.unlock(queue, first * 4096L, length);
                }
              });
      threads[q].start();
    }
    for (final Thread thread : threads) {
      thread.join();
    }
    assertThat(conflicts.get(0)).isZero();
    assertThat(granted.get(0)).isPositive();
    assertThat(granted.get(1)).isPositive();
  }
}
