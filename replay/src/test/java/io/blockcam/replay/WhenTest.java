package io.blockcam.replay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Instant;
import java.time.ZoneId;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class WhenTest {
  private static final Instant NOW = Instant.parse("2026-11-22T12:00:00.000000005Z");
  private static final ZoneId ZONE = ZoneId.of("Asia/Tokyo");

  @ParameterizedTest
  @CsvSource({
    "2026-11-22T10:00:00.123456789Z, 2026-11-22T10:00:00.123456789Z",
    "2026-11-22T10:00:00Z, 2026-11-22T10:00:00Z",
    "2026-11-22T10:00:00+09:00, 2026-11-22T01:00:00Z",
    "2026-11-22T10:00:00, 2026-11-22T01:00:00Z",
    "2026-11-22 10:00:00.5, 2026-11-22T01:00:00.5Z",
    "2026-11-22T10:00, 2026-11-22T01:00:00Z",
    "-1ms, 2026-11-22T11:59:59.999000005Z",
    "-30s, 2026-11-22T11:59:30.000000005Z",
    "-10m, 2026-11-22T11:50:00.000000005Z",
    "-2h, 2026-11-22T10:00:00.000000005Z",
    "-1d, 2026-11-21T12:00:00.000000005Z"
  })
  void readsTimes(final String text, final String expected) {
    assertThat(parse(text)).isEqualTo(new When.At(Instant.parse(expected)));
  }

  @Test
  void readsSequencesAndLatest() {
    assertThat(parse("latest")).isEqualTo(new When.Latest());
    assertThat(parse("seq:0")).isEqualTo(new When.Sequence(0));
    assertThat(parse("seq:9223372036854775807")).isEqualTo(new When.Sequence(Long.MAX_VALUE));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "now",
        "seq:",
        "seq:-1",
        "seq:x",
        "seq:99999999999999999999",
        "10m",
        "-10",
        "-m",
        "-10w",
        "-9999999999s",
        "2026-13-01T00:00:00Z",
        "2026-02-30T00:00:00",
        "10:00",
        "LATEST"
      })
  void refusesAnythingElse(final String text) {
    assertThatThrownBy(() -> parse(text))
        .isInstanceOf(MomentException.class)
        .hasMessageContaining("'" + text + "'");
  }

  private static When parse(final String text) {
    return When.parse(text, NOW, ZONE);
  }
}
