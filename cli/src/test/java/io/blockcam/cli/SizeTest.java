package io.blockcam.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class SizeTest {

  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "4096, 4096",
    "512B, 512",
    "20G, 21474836480",
    "20g, 21474836480",
    "20GiB, 21474836480",
    "1 MiB, 1048576",
    "7k, 7168",
    "2T, 2199023255552"
  })
  void readsWhatPeopleWrite(final String text, final long bytes) {
    assertThat(Size.parse(text)).isEqualTo(new Size(bytes));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "G", "-1G", "1.5G", "1X", "20 000", "9000000P"})
  void refusesWhatIsNoSize(final String text) {
    assertThatThrownBy(() -> Size.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'" + text + "'");
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0 B",
    "1023, 1023 B",
    "1024, 1.00 KiB",
    "1536, 1.50 KiB",
    "209715200, 200.0 MiB",
    "9223372036854775807, 8192.0 PiB"
  })
  void isShortForPeople(final long bytes, final String text) {
    assertThat(Size.format(bytes)).isEqualTo(text);
  }
}
