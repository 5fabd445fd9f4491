package io.blockcam.archive;

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

  /** So that no directory of an archive holds more than a thousand. */
  @Test
  void beginsWithTheNameOfItsDirectory() {
    assertThat(SegmentName.directory(0)).isEqualTo("0000000");
    assertThat(SegmentName.directory(999)).isEqualTo("0000000");
    assertThat(SegmentName.directory(1000)).isEqualTo("0000001");
    assertThat(SegmentName.directory(SegmentName.MAX_NUMBER)).isEqualTo("9999999");
    assertThat(SegmentName.firstOf("0000001")).hasValue(1000);
    assertThat(SegmentName.firstOf("9999999")).hasValue(9_999_999_000L);
    assertThat(SegmentName.firstOf("000001")).isEmpty();
    assertThat(SegmentName.firstOf("maps")).isEmpty();
    assertThat(SegmentName.firstOf("-000001")).isEmpty();
  }
}
