package io.blockcam.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;

final class TableTest {

  @Test
  void linesUpTextToTheLeftAndNumbersToTheRight() {
    final StringWriter text = new StringWriter();
    new Table(Table.Align.LEFT, Table.Align.RIGHT, Table.Align.LEFT)
        .row("NAME", "SIZE", "END")
        .row("a", "1000000", "open")
        .row("longer", "7", "")
        .print(new PrintWriter(text));

    assertThat(text.toString().lines())
        .containsExactly("NAME       SIZE  END", "a       1000000  open", "longer        7");
  }

  @Test
  void refusesRowsOfAnotherWidth() {
    assertThatThrownBy(() -> new Table(Table.Align.LEFT).row("a", "b"))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
