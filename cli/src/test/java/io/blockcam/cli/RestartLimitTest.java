package io.blockcam.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class RestartLimitTest {

  private static final long START_NS = Long.MAX_VALUE - 1; // nanoTime may wrap
  private final RestartLimit limit = new RestartLimit();

  @Test
  void allowsSomeWithinAMinuteAndThoseAfterIt() {
    for (int i = 0; i < RestartLimit.MOST; i++) {
      assertThat(limit.allowsOne(START_NS + i)).isTrue();
    }
    final long endNs = START_NS + RestartLimit.WITHIN.toNanos();
    assertThat(limit.allowsOne(endNs - 1)).as("the first is not a minute ago").isFalse();
    assertThat(limit.allowsOne(endNs)).as("one that was refused does not count").isTrue();
    assertThat(limit.allowsOne(endNs)).isFalse();
  }
}
