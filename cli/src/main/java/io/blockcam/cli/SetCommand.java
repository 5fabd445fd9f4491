package io.blockcam.cli;

import java.io.IOException;
import java.util.concurrent.Callable;
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
      "Example:",
      "  blockcam set web1 --spool-limit 40G"
    })
final class SetCommand implements Callable<Integer> {

  @Mixin RecorderOptions options = new RecorderOptions();

  @Option(
      names = "--spool-limit",
      required = true,
      paramLabel = "SIZE",
      description =
          "Bytes the spool may take. Writes that wait for room go on if there is some now.")
  Size spoolLimit = new Size(0);

  @Spec CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() throws IOException {
    try (RunningRecorder recorder = options.find()) {
      recorder.setSpoolLimit(spoolLimit.bytes());
      spec.commandLine()
          .getOut()
          .printf("the spool may take %s%n", Size.format(spoolLimit.bytes()));
      spec.commandLine().getOut().flush();
    }
    return ExitCode.DONE;
  }
}
