package io.blockcam.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;

/** What comes from an archive cannot command the terminal it is shown on. */
final class PrintableTest {

  @Test
  void leavesTextAsItIs() {
    assertThat(Printable.of("Büro 3, 日本, 🎥")).isEqualTo("Büro 3, 日本, 🎥");
  }

  @Test
  void escapesWhatMovesTheCursorOrTurnsTheText() {
    assertThat(Printable.of("a\u001b[2Jb\u009bc\rd\u202ee\u2028"))
        .isEqualTo("a\\u001b[2Jb\\u009bc\\u000dd\\u202ee\\u2028");
  }

  @Test
  void escapesTheCellsOfATable() {
    final StringWriter out = new StringWriter();
    new Table(Table.Align.LEFT, Table.Align.LEFT)
        .row("note", "\u001b]0;owned\u0007\nsecond")
        .print(new PrintWriter(out));
    assertThat(out.toString()).isEqualTo("note  \\u001b]0;owned\\u0007\\u000asecond\n");
  }

  @Test
  void escapesMessages() {
    assertThat(Messages.of(new IllegalStateException("bad \u001b[31m name")))
        .isEqualTo("bad \\u001b[31m name");
  }
}
