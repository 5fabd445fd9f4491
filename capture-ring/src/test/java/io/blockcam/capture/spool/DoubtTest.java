package io.blockcam.capture.spool;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

final class DoubtTest {

  @Test
  void joinsRangesThatOverlapOrTouch() {
    final Doubt doubt =
        doubt(range(20, 5), range(0, 2)).plus(doubt(range(2, 3), range(22, 10), range(40, 1)));

    assertThat(doubt.ranges()).containsExactly(range(0, 5), range(20, 12), range(40, 1));
    assertThat(doubt.blocks()).isEqualTo(18);
  }

  private static Doubt doubt(final Doubt.Range... ranges) {
    return new Doubt(List.of(ranges));
  }

  private static Doubt.Range range(final long block, final long blocks) {
    return new Doubt.Range(block, blocks);
  }
}
