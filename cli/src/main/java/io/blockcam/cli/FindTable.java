package io.blockcam.cli;

import io.blockcam.archive.Moment;
import io.blockcam.filesearch.Presence.Span;
import io.blockcam.filesearch.SearchReport;
import io.blockcam.filesearch.Sighting;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;

/** What a search has found, as people read it. */
final class FindTable {
  private FindTable() {}

  static String coverage(final Sighting sighting) {
    return String.format(Locale.ROOT, "%.1f %%", 100 * sighting.coverage());
  }

  static void print(final SearchReport report, final PrintWriter out) {
    final Table table =
        new Table(
            Table.Align.LEFT,
            Table.Align.RIGHT,
            Table.Align.LEFT,
            Table.Align.LEFT,
            Table.Align.LEFT,
            Table.Align.LEFT,
            Table.Align.LEFT,
            Table.Align.LEFT);
    table.row("VERDICT", "COVERED", "PROOF", "FROM", "UNTIL", "END", "AT", "FILE");
    for (final Sighting sighting : report.sightings()) {
      final List<String> paths = sighting.target().paths();
      final String path =
          paths.getFirst() + (paths.size() > 1 ? " and %d more".formatted(paths.size() - 1) : "");
      if (report.spans(sighting).isEmpty()) {
        table.row(
            SearchReport.verdict(sighting), coverage(sighting), "-", "-", "-", "-", "-", path);
      }
      for (final Span span : report.spans(sighting)) {
        table.row(
            SearchReport.verdict(sighting),
            coverage(sighting),
            SearchReport.proof(sighting),
            span.first().instant().toString(),
            span.end().map(Moment::instant).map(Object::toString).orElse("-"),
            Words.of(span.how()),
            report.at(span),
            path);
      }
    }
    table.print(out);
    if (!report.notSearched().isEmpty()) {
      out.printf("%d segments could not be searched%n", report.notSearched().size());
    }
    out.flush();
  }
}
