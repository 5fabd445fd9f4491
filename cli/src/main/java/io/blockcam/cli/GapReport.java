package io.blockcam.cli;

import io.blockcam.archive.record.GapReason;
import io.blockcam.archive.record.RecordDescriptor;
import io.blockcam.history.Gap;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The gaps of a recording: from, to, how much, why. */
final class GapReport {

  private GapReport() {}

  static Map<String, Object> json(final Gap gap) {
    final Map<String, Object> json = new LinkedHashMap<>();
    json.put("from", gap.from().map(Instant::toString).orElse(null));
    json.put("to", gap.to().toString());
    json.put("sequence", gap.sequence());
    json.put("blocks", gap.blocks());
    json.put(
        "reason",
        gap.reason().map(reason -> reason.name().toLowerCase(Locale.ROOT)).orElse("unknown"));
    return json;
  }

  /** In a line. */
  static String text(final Gap gap) {
    return "from %s to %s: %s in %d blocks, %s"
        .formatted(from(gap), gap.to(), size(gap), gap.blocks(), reason(gap));
  }

  static Table table(final List<Gap> gaps) {
    final Table table =
        new Table(
            Table.Align.LEFT,
            Table.Align.LEFT,
            Table.Align.RIGHT,
            Table.Align.RIGHT,
            Table.Align.RIGHT,
            Table.Align.LEFT);
    table.row("GAP FROM", "TO", "SEQ", "BLOCKS", "SIZE", "WHY");
    for (final Gap gap : gaps) {
      table.row(
          from(gap),
          gap.to().toString(),
          Long.toString(gap.sequence()),
          Long.toString(gap.blocks()),
          size(gap),
          reason(gap));
    }
    return table;
  }

  private static String from(final Gap gap) {
    return gap.from().map(Instant::toString).orElse("the beginning");
  }

  private static String size(final Gap gap) {
    return Size.format(gap.blocks() * RecordDescriptor.BLOCK_BYTES);
  }

  private static String reason(final Gap gap) {
    return gap.reason()
        .map(GapReason::words)
        .orElse("for a reason that this version does not know");
  }
}
