package io.blockcam.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Rows that line up: text to the left, numbers to the right, two spaces between columns. */
final class Table {

  /** Which side of its column a cell keeps to. */
  enum Align {
    LEFT,
    RIGHT
  }

  private final List<Align> alignment;
  private final List<List<String>> rows = new ArrayList<>();

  Table(final Align... alignment) {
    this.alignment = List.of(alignment);
  }

  /**
   * @param cells as many as there are columns; shown as {@link Printable}
   */
  Table row(final String... cells) {
    if (cells.length != alignment.size()) {
      throw new IllegalArgumentException(cells.length + " cells for " + alignment.size());
    }
    rows.add(Stream.of(cells).map(Printable::of).toList());
    return this;
  }

  void print(final PrintWriter out) {
    final int[] widths = new int[alignment.size()];
    for (final List<String> row : rows) {
      for (int i = 0; i < widths.length; i++) {
        widths[i] = Math.max(widths[i], row.get(i).length());
      }
    }
    for (final List<String> row : rows) {
      final StringBuilder line = new StringBuilder();
      for (int i = 0; i < widths.length; i++) {
        final String padding = " ".repeat(widths[i] - row.get(i).length());
        line.append(i == 0 ? "" : "  ")
            .append(alignment.get(i) == Align.RIGHT ? padding + row.get(i) : row.get(i) + padding);
      }
      out.println(line.toString().stripTrailing());
    }
    out.flush();
  }
}
