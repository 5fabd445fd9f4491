package io.blockcam.ublk.queue;

import static org.assertj.core.api.Assertions.assertThat;

import io.blockcam.ublk.tap.RangeLock;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Rule 1, replay equals disk: of two overlapping writes only one is in flight. */
final class InFlightBlocksTest {

  private static final long BIG = (InFlightBlocks.MAX_SHARED_BLOCKS + 1L) * 4096;

  private final InFlightBlocks blocks = new InFlightBlocks(2, 8, 1L << 41);

  @Test
  void refusesOverlapInOneBlockOfDifferentSectors() {
    assertThat(blocks.tryLock(0, 0, 0, 512)).isTrue();
    assertThat(blocks.tryLock(1, 0, 512, 512)).isFalse();
  }

  @Test
  void allowsNeighbours() {
    assertThat(blocks.tryLock(0, 0, 0, 4096)).isTrue();
    assertThat(blocks.tryLock(0, 1, 4096, 4096)).isTrue();
  }

  @Test
  void givesBackAllOfARefusedRange() {
    assertThat(blocks.tryLock(0, 0, 8192, 4096)).isTrue();
    assertThat(blocks.tryLock(1, 0, 0, 16384)).isFalse();
    assertThat(blocks.tryLock(1, 1, 0, 8192)).isTrue();
  }

  @Test
  void countsTheBlocksOfAnUnalignedRange() {
    assertThat(blocks.tryLock(0, 0, 4096 - 512, 1024)).isTrue();
    assertThat(blocks.tryLock(0, 1, 0, 512)).isFalse();
    assertThat(blocks.tryLock(0, 2, 8192 - 512, 512)).isFalse();
    blocks.unlock(0, 0, 4096 - 512, 1024);
    assertThat(blocks.tryLock(0, 1, 0, 8192)).isTrue();
  }

  @Test
  void letsBigRangeWaitForThoseInsideAndKeepsNewcomersOut() {
    assertThat(blocks.tryLock(0, 0, 0, 4096)).isTrue();
    assertThat(blocks.tryLock(1, 7, 0, BIG)).isFalse();
    assertThat(blocks.tryLock(0, 1, BIG - 4096, 4096)).isFalse();

    blocks.unlock(0, 0, 0, 4096);
    assertThat(blocks.tryLock(1, 7, 0, BIG)).isTrue();
    assertThat(blocks.tryLock(0, 1, BIG - 4096, 4096)).isFalse();

    blocks.unlock(1, 7, 0, BIG);
    assertThat(blocks.tryLock(0, 1, BIG - 4096, 4096)).isTrue();
  }

  /** A trim of a terabyte is no reason for a write elsewhere to wait. */
  @Test
  void letsWritesGoOnOutsideOfABigRange() {
    final long from = (100L << 30) + 4096;
    final long length = 1L << 40;
    assertThat(blocks.tryLock(0, 0, from - 4096, 4096)).isTrue();
    assertThat(blocks.tryLock(0, 1, from + length, 4096)).isTrue();
    assertThat(blocks.tryLock(1, 7, from, length)).isTrue();
    assertThat(blocks.tryLock(0, 2, from - 2 * 4096, 4096)).isTrue();
    assertThat(blocks.tryLock(0, 3, from + length + 4096, 4096)).isTrue();
    assertThat(blocks.tryLock(0, 4, from, 512)).isFalse();
    assertThat(blocks.tryLock(0, 5, from + length - 512, 1024)).isFalse();
    assertThat(blocks.tryLock(1, 6, (2L << 40) - BIG, BIG)).as("another big one").isTrue();
    blocks.unlock(1, 7, from, length);
    blocks.unlock(1, 6, (2L << 40) - BIG, BIG);
    blocks.unlock(0, 1, from + length, 4096); // which has the same place in the table
    assertThat(blocks.tryLock(0, 4, from, 512)).isTrue();
  }

  /** What the driver is asked for may end behind the disk; nobody is to be forgotten there. */
  @Test
  void countsWhatLiesBehindTheEndToTheLastZone() {
    final long end = 1L << 41;
    assertThat(blocks.tryLock(0, 0, end + BIG, BIG)).isTrue();
    assertThat(blocks.tryLock(0, 1, end + BIG, 4096)).isFalse();
    blocks.giveUp(0, 0);
    assertThat(blocks.tryLock(0, 1, end + BIG, 4096)).isTrue();
  }

  /** What the tap reads under its lock must not change meanwhile, nor be about to. */
  @Test
  void keepsWritesAwayFromWhatTheTapLooksAt() {
    final RangeLock lock = blocks.rangeLock();
    assertThat(blocks.tryLock(0, 0, 4096, 512)).isTrue();
    assertThat(lock.tryLock(0, 0, 8192)).as("a write is in flight").isFalse();
    blocks.unlock(0, 0, 4096, 512);

    assertThat(lock.tryLock(0, 0, 8192)).isTrue();
    assertThat(blocks.tryLock(0, 0, 4096, 512)).isFalse();
    assertThat(blocks.tryLock(1, 3, 0, BIG)).isFalse();
    blocks.giveUp(1, 3);
    assertThat(blocks.tryLock(1, 0, 8192, 4096)).isTrue();
    assertThat(lock.tryLock(3, 16384, 4096)).as("another place").isTrue();
    assertThat(lock.tryLock(2, 4096, 4096)).as("held in the first").isFalse();
    lock.unlock(0, 0, 8192);
    assertThat(blocks.tryLock(0, 0, 4096, 512)).isTrue();
    assertThat(blocks.tryLock(0, 1, 16384, 4096)).isFalse();
    lock.unlock(3, 16384, 4096);
    assertThat(blocks.tryLock(0, 1, 16384, 4096)).isTrue();
  }

  /** Or a write that waits for it would wait for ever. */
  @Test
  void wakesAQueueWhenTheTapHasLooked() {
    final AtomicInteger wakes = new AtomicInteger();
    blocks.onFreed(1, wakes::incrementAndGet);
    final RangeLock lock = blocks.rangeLock();
    assertThat(lock.tryLock(0, 0, 4096)).isTrue();
    blocks.setWaiting(1, 1);
    lock.unlock(0, 0, 4096);
    assertThat(wakes).hasValue(1);
  }

  @Test
  void letsOneBigRangeAfterTheOther() {
    assertThat(blocks.tryLock(0, 0, 0, BIG)).isTrue();
    assertThat(blocks.tryLock(0, 1, 0, BIG)).isFalse();
    blocks.unlock(0, 0, 0, BIG);
    assertThat(blocks.tryLock(0, 1, 0, BIG)).isTrue();
  }

  @Test
  void wakesOtherQueuesThatWait() {
    final int[] woken = new int[2];
    blocks.onFreed(0, () -> woken[0]++);
    blocks.onFreed(1, () -> woken[1]++);
    assertThat(blocks.tryLock(0, 0, 0, 4096)).isTrue();
    blocks.setWaiting(1, 1);
    blocks.unlock(0, 0, 0, 4096);
    assertThat(woken).containsExactly(0, 1);
  }

  /** The owner may have counted in the one that is refused, in the moment before it was. */
  @Test
  void wakesTheOwnerOfABigRangeWhenARefusedOneWithdraws() {
    final int[] woken = new int[2];
    blocks.onFreed(0, () -> woken[0]++);
    blocks.onFreed(1, () -> woken[1]++);
    assertThat(blocks.tryLock(0, 0, 0, 4096)).isTrue();
    assertThat(blocks.tryLock(1, 7, 0, BIG)).isFalse(); // has announced itself and waits
    blocks.setWaiting(1, 1);

    assertThat(blocks.tryLock(0, 1, BIG - 4096, 4096)).isFalse();

    assertThat(woken).as("wake-ups of the owner's queue").containsExactly(0, 1);
  }

  /** Else they would wake each other for as long as somebody holds what both want. */
  @Test
  void doesNotWakeOtherQueuesWhenOneIsRefused() {
    final int[] woken = new int[2];
    blocks.onFreed(0, () -> woken[0]++);
    blocks.onFreed(1, () -> woken[1]++);
    assertThat(blocks.tryLock(0, 0, 4096, 4096)).isTrue();
    blocks.setWaiting(1, 1);
    assertThat(blocks.tryLock(0, 1, 0, 8192)).isFalse();
    assertThat(woken).containsExactly(0, 0);
  }
}
