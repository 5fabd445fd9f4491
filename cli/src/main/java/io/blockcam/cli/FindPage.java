package io.blockcam.cli;

import io.blockcam.archive.Moment;
import io.blockcam.filesearch.Evidence;
import io.blockcam.filesearch.Extent;
import io.blockcam.filesearch.Presence.Span;
import io.blockcam.filesearch.SearchReport;
import io.blockcam.filesearch.Sighting;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/** What a search has found as one page of HTML that needs nothing else, readable in print. */
final class FindPage {
  private static final String HEAD =
      """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
      <title>%1$s: files found</title>
      <style>
      body { font: 14px/1.4 sans-serif; margin: 2em; color: #222; background: #fff }
      table { border-collapse: collapse; width: 100%% }
      th, td { text-align: left; padding: .3em .8em .3em 0; border-bottom: 1px solid #ccc; vertical-align: top }
      td.number { text-align: right; white-space: nowrap }
      td.time { width: 40%%; min-width: 20em }
      code { font: 12px monospace; word-break: break-all }
      svg { width: 100%%; height: 1.2em; background: #f2f2f2; display: block }
      .part { fill: #e3b23c } .whole { fill: #2f6f9f }
      .axis { display: flex; justify-content: space-between; font-size: 12px }
      summary { cursor: pointer }
      @media print { body { margin: 0 } tr { break-inside: avoid }
        details::details-content { content-visibility: visible; block-size: auto } }
      </style>
      </head>
      <body>
      <h1>Files found in %1$s</h1>
      """;

  /** Of the time axis. */
  private static final double WIDTH = 1000;

  /** Thinner ones could not be seen. */
  private static final double LEAST_WIDTH = 2;

  private static final int MOST_EXTENTS = 200;

  private final SearchReport report;
  private final StringBuilder page = new StringBuilder();
  private final Optional<Instant> first;
  private final Optional<Instant> last;

  private FindPage(final SearchReport report) {
    this.report = report;
    final List<Instant> times =
        report.sightings().stream()
            .filter(report::isFound)
            .flatMap(
                sighting -> Stream.concat(sighting.parts().stream(), sighting.whole().stream()))
            .flatMap(span -> Stream.of(Optional.of(span.first()), span.end()))
            .flatMap(Optional::stream)
            .map(Moment::instant)
            .toList();
    this.first = times.stream().min(Instant::compareTo);
    this.last = times.stream().max(Instant::compareTo);
  }

  static String of(final SearchReport report) {
    return new FindPage(report).build();
  }

  private String build() {
    page.append(HEAD.formatted(text(report.recording())));
    add(
        "<p>%d of %d files were there. Searched up to record %d.</p>\n"
            .formatted(
                report.sightings().stream().filter(report::isFound).count(),
                report.sightings().size(),
                report.last()));
    list("Segments that could not be searched", report.notSearched());
    list("Files that could not be read", report.unread());
    add("<table>\n<thead><tr><th>Verdict<th>Covered<th>Proof<th>");
    if (first.isPresent() && last.isPresent()) {
      add(
          "<div class=\"axis\"><span>%s</span><span>%s</span></div>"
              .formatted(first.get(), last.get()));
    }
    add("<th>File</tr></thead>\n<tbody>\n");
    report.sightings().forEach(this::row);
    add("</tbody>\n</table>\n");
    add(
        "<p><svg style=\"width:2em;display:inline\"><rect class=\"whole\" width=\"100%\" height=\"100%\"/>"
            + "</svg> all of it was there <svg style=\"width:2em;display:inline\"><rect class=\"part\""
            + " width=\"100%\" height=\"100%\"/></svg> a part of it was</p>\n");
    add("</body>\n</html>\n");
    return page.toString();
  }

  private void list(final String title, final List<String> lines) {
    if (!lines.isEmpty()) {
      add("<h2>%s</h2>\n<ul>\n".formatted(title));
      lines.forEach(line -> add("<li><code>%s</code>\n".formatted(text(line))));
      add("</ul>\n");
    }
  }

  private void row(final Sighting sighting) {
    final boolean isFound = report.isFound(sighting);
    add(
        "<tr><td>%s<td class=\"number\">%s<td>%s<td class=\"time\">"
            .formatted(
                SearchReport.verdict(sighting),
                FindTable.coverage(sighting),
                isFound ? SearchReport.proof(sighting) : "-"));
    if (isFound) {
      add("<svg viewBox=\"0 0 1000 10\" preserveAspectRatio=\"none\" role=\"img\">");
      sighting.parts().forEach(span -> bar("part", span));
      sighting.whole().forEach(span -> bar("whole", span));
      add("</svg>");
    }
    add("<td>");
    sighting.target().paths().forEach(path -> add("<code>%s</code><br>".formatted(text(path))));
    if (isFound) {
      details(sighting);
    }
    add("</tr>\n");
  }

  private void bar(final String kind, final Span span) {
    final double from = place(span.first().instant());
    final double to = span.end().map(end -> place(end.instant())).orElse(WIDTH);
    add(
        String.format(
            Locale.ROOT,
            "<rect class=\"%s\" x=\"%.1f\" width=\"%.1f\" height=\"10\"><title>%s to %s, %s</title></rect>",
            kind,
            Math.min(from, WIDTH - LEAST_WIDTH),
            Math.max(LEAST_WIDTH, to - from),
            span.first().instant(),
            span.end().map(end -> end.instant().toString()).orElse("the end"),
            Words.of(span.how())));
  }

  private double place(final Instant time) {
    if (first.isEmpty() || last.isEmpty() || !first.get().isBefore(last.get())) {
      return 0;
    }
    return WIDTH
        * Duration.between(first.get(), time).toMillis()
        / Math.max(1, Duration.between(first.get(), last.get()).toMillis());
  }

  private void details(final Sighting sighting) {
    add(
        "<details><summary>%d bytes, SHA-256 %s</summary>\n<table>\n"
            .formatted(sighting.target().bytes(), sighting.target().digest()));
    add("<tr><th>From<th>Until<th>End<th>See it with --at</tr>\n");
    for (final Span span : report.spans(sighting)) {
      add(
          "<tr><td>%s<td>%s<td>%s<td><code>%s</code></tr>\n"
              .formatted(
                  span.first().instant(),
                  span.end().map(end -> end.instant().toString()).orElse("-"),
                  Words.of(span.how()),
                  report.at(span)));
    }
    add("</table>\n<table>\n<tr><th>Sectors of the file<th>Sectors of the disk</tr>\n");
    final List<Extent> ranges =
        ranges(sighting.verdict() == Sighting.Verdict.PRESENT ? sighting.last() : sighting.best());
    for (final Extent range : ranges.subList(0, Math.min(MOST_EXTENTS, ranges.size()))) {
      add(
          "<tr><td>%d to %d<td>%d to %d</tr>\n"
              .formatted(
                  range.sector(),
                  range.sector() + range.sectors() - 1,
                  range.diskSector(),
                  range.diskSector() + range.sectors() - 1));
    }
    add("</table>\n");
    if (ranges.size() > MOST_EXTENTS) {
      add("<p>and %d ranges more: see --json</p>\n".formatted(ranges.size() - MOST_EXTENTS));
    }
    add("</details>");
  }

  /** Side by side, whatever records have brought them. */
  private static List<Extent> ranges(final Evidence evidence) {
    final List<Extent> ranges = new ArrayList<>();
    for (final Evidence.Item item : evidence.extents()) {
      final Extent next = item.extent();
      final Extent before = ranges.isEmpty() ? null : ranges.getLast();
      if (before != null
          && before.sector() + before.sectors() == next.sector()
          && before.diskSector() + before.sectors() == next.diskSector()) {
        ranges.set(
            ranges.size() - 1,
            new Extent(
                before.sector(),
                before.sectors() + next.sectors(),
                before.diskSector(),
                before.origin()));
      } else {
        ranges.add(next);
      }
    }
    return ranges;
  }

  private void add(final String html) {
    page.append(html);
  }

  /** Nothing in it is taken for HTML. */
  private static String text(final String text) {
    return Printable.of(text)
        .replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;");
  }
}
