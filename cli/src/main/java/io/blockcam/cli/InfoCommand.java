package io.blockcam.cli;

import io.blockcam.archive.record.RecordKind;
import io.blockcam.history.Gap;
import io.blockcam.history.RecordingInfo;
import io.blockcam.history.RecordingReader;
import io.blockcam.store.ObjectStore;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code blockcam info}: what a recording covers. */
@Command(
    name = "info",
    description = "Shows what a recording covers: moments, sequences, segments, epochs, gaps.",
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "Examples:",
      "  blockcam info --archive file:///srv/archive --name web1 --json",
      "  blockcam info --archive file:///srv/archive --name web1 --gaps"
    })
final class InfoCommand implements Callable<Integer> {

  @Mixin RecordingOptions options = new RecordingOptions();

  @Option(names = "--json", description = "Print JSON instead of tables.")
  boolean json;

  @Option(names = "--gaps", description = "List the gaps, too: from, to, how much, why.")
  boolean gaps;

  @Spec CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() throws IOException {
    final PrintWriter out = spec.commandLine().getOut();
    final RecordingInfo info;
    final List<Gap> found;
    try (ObjectStore store = options.openStore();
        ProgressLine progress = new ProgressLine()) {
      final RecordingReader reader = options.recording(store);
      info = RecordingInfo.read(reader, (done, total) -> progress.bytes("reading", done, total));
      found =
          gaps && info.summary().count(RecordKind.GAP) > 0
              ? Gap.all(
                  reader, reader.find(), (done, total) -> progress.segments("reading", done, total))
              : List.of();
    }
    if (json) {
      final Map<String, Object> facts = InfoReport.json(info);
      if (gaps) {
        facts.put("gapList", found.stream().map(GapReport::json).toList());
      }
      Json.print(out, facts);
    } else {
      InfoReport.facts(info).print(out);
      out.println();
      InfoReport.epochs(info).print(out);
      if (!found.isEmpty()) {
        out.println();
        GapReport.table(found).print(out);
      }
    }
    return ExitCode.DONE;
  }
}
