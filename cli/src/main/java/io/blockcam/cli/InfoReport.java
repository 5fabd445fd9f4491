package io.blockcam.cli;

import io.blockcam.archive.Moment;
import io.blockcam.archive.Recording;
import io.blockcam.archive.head.EpochSummary;
import io.blockcam.archive.head.RecordingSummary;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.history.RecordingInfo;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The facts about a recording, as a table for people and as JSON for programs. */
final class InfoReport {

  private InfoReport() {}

  static Map<String, Object> json(final RecordingInfo info) {
    final Recording recording = info.recording();
    final RecordingSummary summary = info.summary();
    final Map<String, Object> json = new LinkedHashMap<>();
    json.put("name", recording.name());
    json.put("id", recording.id().toString());
    json.put("diskBytes", info.diskBytes());
    json.put("firstDiskBytes", recording.diskBytes());
    json.put("created", recording.created().toString());
    json.put("host", recording.host());
    json.put("note", recording.note());
    json.put("baseline", recording.baseline().text());
    json.put("beginning", info.folded() ? "claimed" : "recorded");
    json.put("segments", summary.segments());
    json.put("storedBytes", summary.bytes());
    json.put("first", summary.firstShown().map(InfoReport::moment).orElse(null));
    json.put("last", summary.lastShown().map(InfoReport::moment).orElse(null));
    json.put("records", summary.totalRecords());
    final Map<String, Long> kinds = new LinkedHashMap<>();
    summary.records().forEach((kind, count) -> kinds.put(kind.word(), count));
    json.put("recordsByKind", kinds);
    json.put("failedWrites", summary.failed());
    json.put("gaps", summary.count(RecordKind.GAP));
    json.put("recoveredSegments", summary.recovered());
    json.put("earlierEpochs", summary.earlierEpochs());
    final List<Map<String, Object>> epochs = new ArrayList<>();
    for (final EpochSummary epoch : info.summary().epochs()) {
      final Map<String, Object> e = new LinkedHashMap<>();
      e.put("epoch", epoch.number());
      e.put("first", epoch.firstShown().toString());
      e.put("last", epoch.lastShown().toString());
      e.put("firstSequence", epoch.firstSequence());
      e.put("lastSequence", epoch.lastSequence());
      e.put("segments", epoch.segments());
      e.put("records", epoch.records());
      e.put("stoppedCleanly", epoch.clean());
      epochs.add(e);
    }
    json.put("epochs", epochs);
    return json;
  }

  static Map<String, Object> moment(final Moment moment) {
    final Map<String, Object> json = new LinkedHashMap<>();
    json.put("time", moment.instant().toString());
    json.put("epoch", moment.epoch());
    json.put("sequence", moment.sequence());
    return json;
  }

  private static String disk(final RecordingInfo info) {
    final long began = info.recording().diskBytes();
    return "%s (%d bytes)%s"
        .formatted(
            Size.format(info.diskBytes()),
            info.diskBytes(),
            info.diskBytes() == began ? "" : ", %s when it began".formatted(Size.format(began)));
  }

  static Table facts(final RecordingInfo info) {
    final Recording recording = info.recording();
    final RecordingSummary summary = info.summary();
    final Table table = new Table(Table.Align.LEFT, Table.Align.LEFT);
    table.row("recording", recording.name());
    table.row("id", recording.id().toString());
    table.row("disk", disk(info));
    table.row("created", recording.created() + " on " + recording.host());
    table.row("baseline", baseline(recording));
    if (!recording.note().isEmpty()) {
      table.row("note", recording.note());
    }
    table.row("first", summary.firstShown().map(InfoReport::text).orElse("-"));
    if (info.folded()) {
      table.row("before it", "not kept; what the disk held then is claimed, not proven");
    }
    table.row("last", summary.lastShown().map(InfoReport::text).orElse("-"));
    table.row("segments", summary.segments() + ", " + Size.format(summary.bytes()));
    final StringBuilder kinds = new StringBuilder();
    summary
        .records()
        .forEach(
            (kind, count) ->
                kinds
                    .append(kinds.isEmpty() ? ": " : ", ")
                    .append(count)
                    .append(' ')
                    .append(kind.word()));
    table.row("records", summary.totalRecords() + kinds.toString());
    table.row(
        "gaps",
        summary.count(RecordKind.GAP) == 0
            ? "none"
            : summary.count(RecordKind.GAP) + " records; --gaps lists what is missing, and why");
    if (summary.failed() > 0) {
      table.row("failed", summary.failed() + " records of writes that failed on the disk");
    }
    if (summary.recovered() > 0) {
      table.row("recovered", summary.recovered() + " segments repaired after a crash");
    }
    return table;
  }

  static Table epochs(final RecordingInfo info) {
    final Table table =
        new Table(
            Table.Align.RIGHT,
            Table.Align.LEFT,
            Table.Align.LEFT,
            Table.Align.RIGHT,
            Table.Align.RIGHT,
            Table.Align.RIGHT,
            Table.Align.RIGHT,
            Table.Align.LEFT);
    table.row("EPOCH", "FROM", "TO", "FIRST SEQ", "LAST SEQ", "RECORDS", "SEGMENTS", "END");
    final List<EpochSummary> known = info.summary().epochs();
    final long newest = known.isEmpty() ? -1 : known.getLast().number();
    if (info.summary().earlierEpochs() > 0) {
      table.row(info.summary().earlierEpochs() + " earlier", "", "", "", "", "", "", "");
    }
    for (final EpochSummary epoch : info.summary().epochs()) {
      table.row(
          Long.toString(epoch.number()),
          epoch.firstShown().toString(),
          epoch.lastShown().toString(),
          Long.toString(epoch.firstSequence()),
          Long.toString(epoch.lastSequence()),
          Long.toString(epoch.records()),
          Long.toString(epoch.segments()),
          epoch.clean() ? "clean" : epoch.number() == newest ? "open" : "killed");
    }
    return table;
  }

  private static String baseline(final Recording recording) {
    return switch (recording.baseline()) {
      case EMPTY -> "empty: the disk was new, every moment is complete";
      case NONE -> "none: what stood on the disk before is not in the record";
    };
  }

  private static String text(final Moment moment) {
    return moment.instant() + "  seq:" + moment.sequence();
  }
}
