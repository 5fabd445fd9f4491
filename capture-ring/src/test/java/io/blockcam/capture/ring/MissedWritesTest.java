package io.blockcam.capture.ring;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.BitSet;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Marks against a model. */
final class MissedWritesTest {

  @Test
  void missesOnlyWhatItIsToldTo() {
    final MissedWrites missed = new MissedWrites(1 << 20);
    assertThat(missed.isRecording()).isTrue();
    assertThat(missed.miss(0, 8)).isFalse();
    missed.begin();
    assertThat(missed.miss(8, 8)).isTrue();
    missed.hold();
    assertThat(missed.isRecording()).isFalse();
    assertThat(missed.miss(16, 8)).isFalse();
    assertThat(missed.take()).isEqualTo(bits(1));
    missed.end();
    assertThat(missed.isRecording()).isTrue();
    assertThat(missed.take()).isEqualTo(bits());
  }

  @Test
  void marksEachBlockThatAWriteTouches() {
    final int blocks = 1000;
    final MissedWrites missed = new MissedWrites(blocks * 4096L);
    final Random random = new Random(7);
    for (int round = 0; round < 200; round++) {
      missed.begin();
      final BitSet model = new BitSet();
      for (int i = 0; i < 10; i++) {
        final int first = random.nextInt(blocks * 8);
        final int sectors = 1 + random.nextInt(Math.min(blocks * 8 - first, i < 8 ? 40 : 3000));
        assertThat(missed.miss(first, sectors)).isTrue();
        model.set(first / 8, (first + sectors - 1) / 8 + 1);
      }
      missed.hold();
      assertThat(missed.take()).isEqualTo(model);
    }
  }

  @Test
  void takesAMarkForSeveralBlocksOnALargeDisk() {
    final long diskBytes = 1L << 40;
    final MissedWrites missed = new MissedWrites(diskBytes);
    assertThat(missed.unitBlocks()).isEqualTo(2);
    assertThat(new MissedWrites(100 * diskBytes).unitBlocks()).as("1 MiB").isEqualTo(256);
    missed.begin();
    assertThat(missed.miss(63, 2)).isTrue();
    assertThat(missed.miss(diskBytes / 512 - 1, 1)).isTrue();
    missed.hold();
    assertThat(missed.take()).isEqualTo(bits(3, 4, (1 << 27) - 1));
  }

  private static BitSet bits(final int... bits) {
    final BitSet set = new BitSet();
    for (final int bit : bits) {
      set.set(bit);
    }
    return set;
  }
}
