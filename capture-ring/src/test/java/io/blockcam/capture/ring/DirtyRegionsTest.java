package io.blockcam.capture.ring;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.BitSet;
import java.util.concurrent.atomic.AtomicInteger;
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
  void letsNobodyIntoACleanRegionAndAsksForItAndTheNext() {
    assertThat(enter(3)).isFalse();

    assertThat(wakes).hasValue(1);
    assertThat(regions.isWanted()).isTrue();
    assertThat(regions.wanted()).isEqualTo(set(3, 4));
    regions.makeDirty(set(3, 4));
    assertThat(enter(3)).isTrue();
    assertThat(regions.wanted().isEmpty()).isTrue();
    assertThat(regions.dirty()).isEqualTo(set(3, 4));
  }

  @Test
  void asksForAllRegionsOfALongChangeAtOnce() {
    regions.makeDirty(set(0, 1));
    assertThat(regions.enter(0, 10 * REGION_SECTORS)).isFalse();
    assertThat(regions.wanted()).isEqualTo(set(2, 3, 4, 5, 6, 7, 8, 9));
    assertThat(regions.beginRound()).as("nobody stayed in").isEqualTo(set(0, 1));
  }

  @Test
  void cleansOnlyWhatNobodyHasComeToOrGoneFromSinceTheRoundBegan() {
    regions.makeDirty(set(0, 1, 2, 3));
    enter(1);
    assertThat(regions.beginRound()).isEqualTo(set(0, 2, 3));
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
    regions.makeDirty(set(5));
    enter(5);
    leave(5);
    assertThat(regions.beginRound().isEmpty()).isTrue();
    assertThat(regions.beginRound()).isEqualTo(set(5));
    assertThat(regions.tryClean(5)).isTrue();
  }

  @Test
  void countsTheRegionsOfAnUnalignedRange() {
    regions.makeDirty(set(4, 5));
    assertThat(regions.enter(5 * REGION_SECTORS - 1, 2)).isTrue();
    assertThat(regions.beginRound().isEmpty()).isTrue();
    regions.leave(5 * REGION_SECTORS - 1, 2);
    regions.beginRound();
    assertThat(regions.beginRound()).isEqualTo(set(4, 5));
  }

  private boolean enter(final int region) {
    return regions.enter(region * REGION_SECTORS, 1);
  }

  private void leave(final int region) {
    regions.leave(region * REGION_SECTORS, 1);
  }

  private static BitSet set(final int... bits) {
    final BitSet set = new BitSet();
    for (final int bit : bits) {
      set.set(bit);
    }
    return set;
  }
}
