package io.blockcam.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

final class RateMeterTest {
  private static final long SECOND_NS = 1_000_000_000L;
  private static final Offset<Double> A_BIT = within(1e-6);

  private final RateMeter meter = new RateMeter();

  @Test
  void tellsNothingBeforeTwoReadings() {
    assertThat(meter.rates()).isEqualTo(new RateMeter.Rates(0, 0, 0));
    meter.note(-5 * SECOND_NS, 1000, 0);
    assertThat(meter.rates()).isEqualTo(new RateMeter.Rates(0, 0, 0));
  }

  /**
   * What was before the last ten seconds is forgotten; what comes in and goes out is told apart.
   */
  @Test
  void isTheMeanOfTheLastTenSeconds() {
    for (int second = 0; second < 100; second++) {
      meter.note((second - 50) * SECOND_NS, second < 60 ? 0 : 100 * (second - 60), 30L * second);
    }
    final RateMeter.Rates rates = meter.rates();
    assertThat(rates.inPerSecond()).isCloseTo(100, A_BIT);
    assertThat(rates.outPerSecond()).isCloseTo(30, A_BIT);
    assertThat(rates.seconds()).isCloseTo(10, A_BIT);
  }

  @Test
  void isTheMeanOfLessWhenThereIsNoMore() {
    meter.note(0, 0, 0);
    meter.note(2 * SECOND_NS, 500, 100);
    assertThat(meter.rates()).isEqualTo(new RateMeter.Rates(250, 50, 2));
  }
}
