package io.blockcam.archive.segment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blockcam.archive.log.LogName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SegmentNameTest {
  @Test
  void sortsByNameAsByNumber() {
    assertThat(SegmentName.sealed(0)).isEqualTo("0000000000.seg");
    assertThat(SegmentName.sealed(9_999_999_999L)).isEqualTo("9999999999.seg");
    assertThat(LogName.open(42)).isEqualTo("0000000042.open");
    assertThat(LogName.sealed(42)).isEqualTo("0000000042.log");
  }

  @Test
  void readsItsOwnNames() {
    assertThat(SegmentName.sealedNumber("0000000042.seg")).hasValue(42);
    assertThat(LogName.openNumber("0000000042.open")).hasValue(42);
    assertThat(LogName.sealedNumber("0000000042.log")).hasValue(42);
    assertThat(LogName.sealedNumber("0000000042.open")).isEmpty();
    assertThat(LogName.isFresh("0000000042.open.new")).isTrue();
    assertThat(LogName.isFresh("spool.json.new")).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "42.seg",
        "0000000042",
        "00000000042.seg",
        "0000000042.seg.tmp",
        "x.seg",
        "0000000042.SEG",
        "-000000042.seg",
        "0000000042.open"
      })
  void takesNothingElseForASealedSegment(final String name) {
    assertThat(SegmentName.sealedNumber(name)).isEmpty();
  }

  @Test
  void refusesNumbersThatDoNotFit() {
    assertThatThrownBy(() -> SegmentName.sealed(-1)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> SegmentName.sealed(10_000_000_000L))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
