package io.blockcam.capture.spool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.BitSet;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

final class BlockRangesTest {

  private static final int DISK_BLOCKS = 300;

  private final BlockRanges ranges = new BlockRanges();

  /** Against a bit for each block. */
  @Test
  void holdsWhatWasAddedAndNotTaken() {
    final SplittableRandom random = new SplittableRandom(11);
    final BitSet model = new BitSet();
    for (int step = 0; step < 5_000; step++) {
      final int block = random.nextInt(DISK_BLOCKS);
      final int blocks = random.nextInt(1, 1 + Math.min(9, DISK_BLOCKS - block));
      final Doubt.Range range = new Doubt.Range(block, blocks);
      if (random.nextInt(3) > 0) {
        ranges.add(range);
        model.set(block, block + blocks);
      } else if (!model.isEmpty()) {
        final Doubt.Range first = ranges.removeFirst();
        assertThat(first.block()).isEqualTo(model.nextSetBit(0));
        assertThat(first.end()).isEqualTo(model.nextClearBit((int) first.block()));
        model.clear((int) first.block(), (int) first.end());
      }
      assertThat(ranges.blocks()).isEqualTo(model.cardinality());
      assertThat(ranges.isEmpty()).isEqualTo(model.isEmpty());
      assertThat(ranges.ranges()).isEqualTo(Doubt.ofUnits(model, 1, DISK_BLOCKS).ranges());
      assertThat(ranges.containsAll(new Doubt(List.of(range))))
          .isEqualTo(model.get(block, block + blocks).cardinality() == blocks);
    }
  }

  @Test
  void joinsThoseThatLieNearestToEachOther() {
    for (int i = 0; i < 4; i++) {
      ranges.add(new Doubt.Range(100 * i, 1));
      ranges.add(new Doubt.Range(100 * i + 3, 1));
      ranges.add(new Doubt.Range(100 * i + 6, 1));
    }
    assertThat(ranges.joinIfMoreThan(12)).isFalse();
    assertThat(ranges.joinIfMoreThan(11)).isTrue();
    assertThat(ranges.ranges()).hasSize(4).contains(new Doubt.Range(100, 7));
    assertThat(ranges.blocks()).isEqualTo(4 * 7);
  }

  @Test
  void hasNoneToRemoveWhenItIsEmpty() {
    assertThatThrownBy(ranges::removeFirst).isInstanceOf(IllegalStateException.class);
  }
}
