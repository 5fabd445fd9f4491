package io.blockcam.capture.disk;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

final class BlockSampleTest {

  private final BlockSample sample = new BlockSample();

  @Test
  void isEmptyBeforeTheFirstWrite() {
    assertThat(sample.blocks()).isEmpty();
  }

  @Test
  void holdsAllAsLongAsTheyFit() {
    LongStream.range(0, BlockSample.SIZE).forEach(block -> sample.add(1000 - block));

    assertThat(sample.blocks()).hasSize(BlockSample.SIZE).isSorted().contains(1000, 937);
  }

  @Test
  void holdsABlockThatIsWrittenAgainAndAgainOnce() {
    for (int i = 0; i < 10_000; i++) {
      sample.add(7);
    }

    assertThat(sample.blocks()).containsExactly(7);
  }

  /** Of 64 out of 64,000 in order, about half lie in either half; 8 standard deviations off. */
  @Test
  void comesFromTheWholeRun() {
    LongStream.range(0, 64_000).forEach(sample::add);

    final long early = Arrays.stream(sample.blocks()).filter(block -> block < 32_000).count();

    assertThat(sample.blocks()).hasSize(BlockSample.SIZE);
    assertThat(early).isBetween(1L, 63L);
  }
}
