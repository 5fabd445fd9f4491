package io.blockcam.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code blockcam stop}: a recorder that runs, from another terminal. */
@Command(
    name = "stop",
    description = "Stops a recorder, and waits until it has ended.",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    footer = {
      "",
      "With --keep-device whoever uses the disk waits until it is recorded again: for a restart that",
      "they do not see.",
      "",
      "Examples:",
      "  blockcam stop web1",
      "  blockcam stop web1 --keep-device"
    })
final class StopCommand implements Callable<Integer> {

  @Parameters(index = "0", paramLabel = "NAME", description = "Name of the recording.")
  String name = "";

  @Option(
      names = "--spool",
      paramLabel = "DIR",
      description = "Its spool (default: /var/lib/blockcam/spool/NAME).")
  @Nullable Path spool;

  @Option(
      names = "--keep-device",
      description = "Leave the device to the next start: its users wait, and see no error.")
  boolean keepDevice;

  @Spec CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() throws IOException {
    final Path directory =
        spool == null ? RecordCommand.SPOOLS.resolve(ArchiveOptions.checkName(name)) : spool;
    try (RunningRecorder recorder =
        RunningRecorder.find(directory)
            .orElseThrow(
                () ->
                    CommandException.no(
                        "no recorder of '%s' runs with the spool %s".formatted(name, directory)))) {
      recorder.carryOut(keepDevice ? ControlSocket.Order.LEAVE : ControlSocket.Order.STOP);
      spec.commandLine().getOut().printf("stopped process %d%n", recorder.pid());
    }
    return ExitCode.DONE;
  }
}
