package io.blockcam.capture;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class RetryTimerTest {
  /** {@link System#nanoTime} may be just before its overflow. */
  private static final long NOW = Long.MAX_VALUE - 15;

  @Test
  void waitsTwiceAsLongAfterEachFailureAndNeverLongerThanTheLimit() {
    final RetryTimer timer = new RetryTimer(10, 35, NOW);
    assertThat(timer.isDue(NOW)).isTrue();
    long nowNs = NOW;
    for (final long expectedNs : new long[] {10, 20, 35, 35}) {
      timer.failed(nowNs);
      assertThat(timer.leftNs(nowNs)).isEqualTo(expectedNs);
      assertThat(timer.isDue(nowNs + expectedNs - 1)).isFalse();
      nowNs += expectedNs;
      assertThat(timer.isDue(nowNs)).isTrue();
      assertThat(timer.leftNs(nowNs + 5)).isZero();
    }
    timer.succeeded();
    timer.failed(nowNs);
    assertThat(timer.leftNs(nowNs)).isEqualTo(10);
  }
}
