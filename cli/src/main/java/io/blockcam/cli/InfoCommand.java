package io.blockcam.cli;

import io.blockcam.history.RecordingInfo;
import io.blockcam.store.ObjectStore;
import java.io.IOException;
import java.io.PrintWriter;
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
    footer = {"", "Example:", "  blockcam info --archive file:///srv/archive --name web1 --json"})
final class InfoCommand implements Callable<Integer> {

  @Mixin RecordingOptions options = new RecordingOptions();

  @Option(names = "--json", description = "Print JSON instead of tables.")
  boolean json;

  @Spec CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() throws IOException {
    final PrintWriter out = spec.commandLine().getOut();
    final RecordingInfo info;
    try (ObjectStore store = options.openStore();
        ProgressLine progress = new ProgressLine()) {
      info =
          RecordingInfo.read(
              options.recording(store), (done, total) -> progress.update("reading", done, total));
    }
    if (json) {
      Json.print(out, InfoReport.json(info));
    } else {
      InfoReport.facts(info).print(out);
      out.println();
      InfoReport.epochs(info).print(out);
    }
    return ExitCode.DONE;
  }
}
