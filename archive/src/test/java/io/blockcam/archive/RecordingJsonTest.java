package io.blockcam.archive;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Instant;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class RecordingJsonTest {
  private static final Recording RECORDING =
      new Recording(
          UUID.fromString("0190f0e0-7b1c-7c3d-8e4f-102030405060"),
          "web-1",
          20L << 30,
          Instant.parse("2026-11-22T10:00:00.123456789Z"),
          "host.example",
          "caf\u00e9 \"quoted\"\nsecond line",
          Baseline.NONE);

  private static final String TEXT = new String(RecordingJson.write(RECORDING), UTF_8);

  @Test
  void readsBackWhatItWrote() throws RecordingFormatException {
    assertThat(read(TEXT)).isEqualTo(RECORDING);
  }

  @Test
  void keepsAnInstantToTheNanosecondAndWithoutFraction() throws RecordingFormatException {
    assertThat(read(TEXT.replace(".123456789Z", "Z")).created())
        .isEqualTo(Instant.parse("2026-11-22T10:00:00Z"));
  }

  static Stream<Arguments> wrong() {
    return Stream.of(
        Arguments.of("", "no JSON object"),
        Arguments.of("[]", "no JSON object"),
        Arguments.of("null", "no JSON object"),
        Arguments.of("{", "no JSON"),
        Arguments.of(TEXT + "{}", "no JSON"),
        Arguments.of("{\"a\":{\"b\":{\"c\":{\"d\":{}}}}}", "nesting"),
        Arguments.of("{}", "field formatVersion is missing"),
        Arguments.of(changed("\"formatVersion\": 1", "\"formatVersion\": 2"), "version 2"),
        Arguments.of(changed("\"formatVersion\": 1", "\"formatVersion\": \"1\""), "no 64-bit"),
        Arguments.of(changed("\"name\"", "\"names\""), "fields [names] are unknown"),
        Arguments.of(changed("\"host\"", "\"note\""), "Duplicate"),
        Arguments.of(changed("\"web-1\"", "\"../x\""), "cannot name a recording"),
        Arguments.of(changed("\"web-1\"", "7"), "field name is no text"),
        Arguments.of(changed("21474836480", "21474836481"), "multiple of 512"),
        Arguments.of(changed("21474836480", "-512"), "multiple of 512"),
        Arguments.of(changed("21474836480", "1e9"), "no 64-bit integer"),
        Arguments.of(changed("21474836480", "99999999999999999999"), "no 64-bit integer"),
        Arguments.of(changed("21474836480", "9".repeat(300)), "no JSON"),
        Arguments.of(changed("\"blockBytes\": 4096", "\"blockBytes\": 512"), "blockBytes is 512"),
        Arguments.of(changed("0190f0e0", "190f0e0"), "no UUID"),
        Arguments.of(changed("0190f0e0", "xxxxxxxx"), "no UUID"),
        Arguments.of(changed("T10:00", " 10:00"), "no instant"),
        Arguments.of(changed("\"none\"", "\"some\""), "neither 'empty' nor 'none'"),
        Arguments.of(changed("host.example", "h".repeat(5000)), "at most 4096"),
        Arguments.of(changed("host.example", "h".repeat(70_000)), "more than 65536"));
  }

  @ParameterizedTest
  @MethodSource("wrong")
  void refusesAnythingElse(final String text, final String expected) {
    assertThatThrownBy(() -> read(text))
        .isInstanceOf(RecordingFormatException.class)
        .hasMessageStartingWith("a/recording.json: ")
        .hasMessageContaining(expected);
  }

  @ParameterizedTest
  @ValueSource(strings = {"a", "0", "Web-1_x.y"})
  void allowsPlainNames(final String name) {
    assertThat(RecordingName.isValid(name)).isTrue();
    assertThat(RecordingName.isValid("x".repeat(63))).isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", ".", "..", "_tmp", "-x", "a/b", "a b", "caf\u00e9", "a\n"})
  void refusesNamesThatAreNoPlainFileNames(final String name) {
    assertThat(RecordingName.isValid(name)).isFalse();
    assertThat(RecordingName.isValid("x".repeat(64))).isFalse();
    assertThatThrownBy(() -> RecordingName.check(name))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private static String changed(final String from, final String to) {
    assertThat(TEXT).contains(from);
    return TEXT.replace(from, to);
  }

  private static Recording read(final String text) throws RecordingFormatException {
    return RecordingJson.read(text.getBytes(UTF_8), "a/recording.json");
  }
}
