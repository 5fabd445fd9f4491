package io.blockcam.archive.index;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.BitSet;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** A BitSet is what a set of blocks must be like. */
final class BlockSetTest {
  private static final int SIZE = WindowStack.WINDOW_BLOCKS;

  @Test
  void holdsWhatABitSetHolds() {
    final SplittableRandom random = new SplittableRandom(1);
    final BlockSet set = new BlockSet();
    for (int round = 0; round < 200; round++) {
      final BitSet expected = new BitSet();
      set.clear();
      assertThat(set.isEmpty()).isTrue();
      for (int i = 0; i < 20; i++) {
        final int from =
            random.nextInt(8) == 0 ? SIZE - 1 - random.nextInt(70) : random.nextInt(SIZE);
        final int to = Math.min(SIZE, from + random.nextInt(random.nextBoolean() ? 3 : 300));
        set.set(from, to);
        expected.set(from, to);
        final int one = random.nextInt(SIZE);
        set.set(one);
        expected.set(one);
      }
      final BlockSet copy = new BlockSet();
      copy.addAll(set);
      for (int i = 0; i <= SIZE; i += random.nextInt(1, 200)) {
        assertThat(set.nextSet(i)).isEqualTo(expected.nextSetBit(i));
        assertThat(copy.nextSet(i)).isEqualTo(expected.nextSetBit(i));
        assertThat(set.nextClear(i)).isEqualTo(Math.min(SIZE, expected.nextClearBit(i)));
      }
    }
  }
}
