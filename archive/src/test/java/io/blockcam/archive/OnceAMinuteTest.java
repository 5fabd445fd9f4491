package io.blockcam.archive;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class OnceAMinuteTest {
  private static final long SECOND = 1_000_000_000L;

  @Test
  void tellsAtOnceAndThenNotForAMinute() {
    final OnceAMinute limit = new OnceAMinute();
    final long now = System.nanoTime();
    assertThat(limit.isDue(now)).isTrue();
    assertThat(limit.andOmitted()).isEmpty();
    assertThat(limit.isDue(now + SECOND)).isFalse();
    assertThat(limit.isDue(now + 59 * SECOND)).isFalse();
    assertThat(limit.isDue(now + 60 * SECOND)).isTrue();
    assertThat(limit.andOmitted()).isEqualTo("; 2 times more in between");
    assertThat(limit.andOmitted()).isEmpty();
  }
}
