package io.blockcam.cli;

import io.blockcam.capture.OnFull;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code blockcam set}: a recorder goes on with another setting. */
@Command(
    name = "set",
    description = "Changes a setting of a recorder that runs.",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    footer = {
      "",
      "It holds until that recorder ends: what the next one begins with stands in its options.",
      "",
      "Examples:",
      "  blockcam set web1 --spool-limit 40G",
      "  blockcam set web1 --on-full gap"
    })
final class SetCommand implements Callable<Integer> {

  @Mixin RecorderOptions options = new RecorderOptions();

  @Option(
      names = "--spool-limit",
      paramLabel = "SIZE",
      description =
          "Bytes the spool may take. Writes that wait for room go on if there is some now.")
  @Nullable Size spoolLimit;

  @Option(
      names = "--on-full",
      paramLabel = "WHAT",
      description =
          "What becomes of writes when ring and spool are full. block: they wait, also where they"
              + " have gone unrecorded up to now. gap: they go on unrecorded.")
  @Nullable OnFull onFull;

  @Spec CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() throws IOException {
    final Size limit = spoolLimit;
    final OnFull wanted = onFull;
    if (limit == null && wanted == null) {
      throw CommandException.usage("give --spool-limit SIZE or --on-full WHAT");
    }
    if (limit != null) {
      set(ControlSocket.SPOOL_LIMIT, Long.toString(limit.bytes()));
      tell("the spool may take " + Size.format(limit.bytes()));
    }
    if (wanted != null) {
      set(ControlSocket.ON_FULL, Words.option(wanted));
      tell(
          wanted == OnFull.BLOCK
              ? "when the spool is full, writes wait"
              : "when the spool is full, writes go on unrecorded");
    }
    return ExitCode.DONE;
  }

  private void set(final String setting, final String value) throws IOException {
    try (RunningRecorder recorder = options.find()) {
      recorder.set(setting, value);
    }
  }

  private void tell(final String line) {
    final PrintWriter out = spec.commandLine().getOut();
    out.println(line);
    out.flush();
  }
}
