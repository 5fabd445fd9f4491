package io.blockcam.cli;

import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code blockcam stop}: a recorder that runs, from another terminal. */
@Command(
    name = "stop",
    description = "Stops a recorder, and waits until it has ended.",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    footer = {
      "",
      "A disk that is in use (mounted, open, part of LVM or md, swap) is not stopped without --force:",
      "what its users have not written back yet could be lost. With --keep-device they wait until the",
      "disk is recorded again: for a restart that they do not see.",
      "",
      "Examples:",
      "  blockcam stop web1",
      "  blockcam stop web1 --keep-device"
    })
final class StopCommand implements Callable<Integer> {

  @Mixin RecorderOptions options = new RecorderOptions();

  @Option(
      names = "--keep-device",
      description = "Leave the device to the next start: its users wait, and see no error.")
  boolean keepDevice;

  @Option(names = "--force", description = "Stop although the disk is in use.")
  boolean force;

  @Spec CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() throws IOException {
    if (keepDevice && force) {
      throw CommandException.usage(
          "--force is for a stop that takes the device away; leave it out with --keep-device");
    }
    try (RunningRecorder recorder = options.find()) {
      if (keepDevice) {
        recorder.carryOut(ControlSocket.Order.LEAVE);
      } else if (force) {
        recorder.carryOut(ControlSocket.Order.STOP);
      } else {
        recorder.stopUnused();
      }
      spec.commandLine().getOut().printf("stopped process %d%n", recorder.pid());
    }
    return ExitCode.DONE;
  }
}
