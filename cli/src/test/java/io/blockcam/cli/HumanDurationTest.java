package io.blockcam.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class HumanDurationTest {

  @ParameterizedTest
  @CsvSource({"10s, PT10S", "10, PT10S", "500ms, PT0.5S", "5m, PT5M", "2h, PT2H", "30d, PT720H"})
  void readsWhatPeopleWrite(final String text, final Duration duration) {
    assertThat(HumanDuration.parse(text)).isEqualTo(duration);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "s", "-1s", "1.5s", "1w", "PT1S"})
  void refusesWhatIsNoDuration(final String text) {
    assertThatThrownBy(() -> HumanDuration.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'" + text + "'");
  }
}
