package io.blockcam.replay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Instant;
import java.time.ZoneId;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class WhenTest {

  private static final Instant NOW = Instant.parse("2026-11-22T12:00:00Z");
  private static final ZoneId TOKYO = ZoneId.of("Asia/Tokyo");

  @ParameterizedTest
  @CsvSource({
    "2026-11-22T10:00:00.123456789Z, 2026-11-22T10:00:00.123456789Z",
    "2026-11-22T10:00:00+09:00, 2026-11-22T01:00:00Z",
    "2026-11-22T10:00:00, 2026-11-22T01:00:00Z",
    "2026-11-22 10:00, 2026-11-22T01:00:00Z",
    "-10m, 2026-11-22T11:50:00Z",
    "-1d, 2026-11-21T12:00:00Z",
    "-250ms, 2026-11-22T11:59:59.750Z",
  })
  void shouldUnderstandTimes(final String text, final Instant instant) {
    assertThat(When.parse(text, NOW, TOKYO)).isEqualTo(new When.At(instant));
  }

  @Test
  void shouldUnderstandSequencesAndLatest() {
    assertThat(When.parse("seq:42", NOW, TOKYO)).isEqualTo(new When.Sequence(42));
    assertThat(When.parse("latest", NOW, TOKYO)).isEqualTo(new When.Latest());
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "yesterday", "seq:", "seq:x", "seq:-1", "-10", "2026-13-01T00:00Z"})
  void refusesWhatIsNoMoment(final String text) {
    assertThatThrownBy(() -> When.parse(text, NOW, TOKYO))
        .isInstanceOf(MomentException.class)
        .hasMessageContaining("'" + text + "'");
  }
}
