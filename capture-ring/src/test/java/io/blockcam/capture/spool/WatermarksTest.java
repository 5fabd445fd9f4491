package io.blockcam.capture.spool;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class WatermarksTest {
  private final Watermarks watermarks = new Watermarks("tank", 1000);

  @Test
  void countsEachMarkThatIsPassed() {
    watermarks.update(499);
    assertThat(watermarks.crossings()).isZero();
    watermarks.update(500);
    assertThat(watermarks.crossings()).isEqualTo(1);
    watermarks.update(1000);
    assertThat(watermarks.crossings()).isEqualTo(3);
  }

  @Test
  void doesNotCountALevelThatSwings() {
    watermarks.update(800);
    for (int i = 0; i < 10; i++) {
      watermarks.update(560);
      watermarks.update(800);
    }
    assertThat(watermarks.crossings()).isEqualTo(2);
    watermarks.update(549);
    watermarks.update(800);
    assertThat(watermarks.crossings()).isEqualTo(3);
  }
}
