package io.blockcam.capture.ring;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** No write reaches a region that is not dirty, none is forgotten when it becomes clean. */
final class DirtyRegionsTest {

  private static final long REGION_SECTORS = 8;

  private final AtomicInteger wakes = new AtomicInteger();
  private final DirtyRegions regions = new DirtyRegions(10 * 4096, 4096);

  DirtyRegionsTest() {
    regions.onWanted(wakes::incrementAndGet);
  }

  @Test
  void letsNobodyIntoACleanRegionAndAsksForIt() {
    assertThat(enter(3)).isFalse();

    assertThat(wakes).hasValue(1);
    assertThat(regions.isWanted()).isTrue();
    assertThat(regions.wanted()).containsExactly(3);
    assertThat(regions.wanted()).as("until it is dirty").containsExactly(3);
    regions.makeDirty(IntStream.of(3));
    assertThat(enter(3)).isTrue();
    assertThat(regions.wanted()).isEmpty();
    assertThat(regions.dirty()).containsExactly(3);
  }

  /** Of who writes here and there only that becomes dirty; who writes on waits less and less. */
  @Test
  void asksForAsManyMoreAsAreDirtyBefore() {
    regions.makeDirty(IntStream.of(1, 2));
    assertThat(enter(3)).isFalse();
    assertThat(regions.wanted()).containsExactly(3, 4, 5);
    regions.makeDirty(IntStream.of(3, 4, 5));
    assertThat(enter(6)).isFalse();
    assertThat(regions.wanted()).as("up to the end of the disk").containsExactly(6, 7, 8, 9);
  }

  /** Words outside the heap, and pages of them. */
  @Test
  void findsWhatIsWantedAndDirtyOnALargeDisk() {
    final DirtyRegions large = new DirtyRegions(100L << 40, 1 << 20);
    assertThat(large.count()).isEqualTo(100 << 20);
    assertThat(large.mayHaveDirty()).isFalse();
    final int[] some = {0, 1023, 1024, 70_000_000, (100 << 20) - 1};
    for (final int region : some) {
      assertThat(large.enter((long) region << 11, 8)).isFalse();
    }
    assertThat(large.wanted()).containsExactly(some);
    large.makeDirty(IntStream.of(some));
    assertThat(large.wanted()).isEmpty();
    assertThat(large.enter(70_000_000L << 11, 8)).isTrue();
    assertThat(large.beginRound()).containsExactly(0, 1023, 1024, (100 << 20) - 1);
    assertThat(large.tryClean(1023)).isTrue();
    assertThat(large.dirty()).containsExactly(0, 1024, 70_000_000, (100 << 20) - 1);
    assertThat(large.mayHaveDirty()).isTrue();
  }

  @Test
  void asksForAllRegionsOfALongChangeAtOnce() {
    regions.makeDirty(IntStream.of(0, 1));
    assertThat(regions.enter(0, 10 * REGION_SECTORS)).isFalse();
    assertThat(regions.wanted()).containsExactly(2, 3, 4, 5, 6, 7, 8, 9);
    assertThat(regions.beginRound()).as("nobody stayed in").containsExactly(0, 1);
  }

  @Test
  void cleansOnlyWhatNobodyHasComeToOrGoneFromSinceTheRoundBegan() {
    regions.makeDirty(IntStream.of(0, 1, 2, 3));
    enter(1);
    assertThat(regions.beginRound()).containsExactly(0, 2, 3);
    enter(2);
    leave(2);
    enter(3);

    assertThat(regions.tryClean(0)).isTrue();
    assertThat(regions.tryClean(1)).as("a write is under way").isFalse();
    assertThat(regions.tryClean(2)).as("one came and went").isFalse();
    assertThat(regions.tryClean(3)).as("one came").isFalse();
    assertThat(enter(0)).as("it has to be asked for again").isFalse();
  }

  /** It left before the round began, so what it did is older than what the round waits for. */
  @Test
  void cleansInTheNextRoundWhatWasLeftInThisOne() {
    regions.makeDirty(IntStream.of(5));
    enter(5);
    leave(5);
    assertThat(regions.beginRound()).isEmpty();
    assertThat(regions.beginRound()).containsExactly(5);
    assertThat(regions.tryClean(5)).isTrue();
  }

  @Test
  void countsTheRegionsOfAnUnalignedRange() {
    regions.makeDirty(IntStream.of(4, 5));
    assertThat(regions.enter(5 * REGION_SECTORS - 1, 2)).isTrue();
    assertThat(regions.beginRound()).isEmpty();
    regions.leave(5 * REGION_SECTORS - 1, 2);
    regions.beginRound();
    assertThat(regions.beginRound()).containsExactly(4, 5);
  }

  private boolean enter(final int region) {
    return regions.enter(region * REGION_SECTORS, 1);
  }

  private void leave(final int region) {
    regions.leave(region * REGION_SECTORS, 1);
  }
}
