package io.blockcam.cli;

import io.blockcam.nativebindings.Posix;
import io.blockcam.ublk.OrphanedDevices;
import io.blockcam.ublk.control.DeviceInfo;
import io.blockcam.ublk.control.UblkControl;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code blockcam reap}: devices whose server is gone. */
@Command(
    name = "reap",
    description = "Lists devices whose server is gone; removes them when told to.",
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "A recorder that was killed leaves its device, and whoever uses it waits for the next start of",
      "the same recorder, which takes it over. Removing it ends what waits there with an error.",
      "What is left of a killed `serve` or `attach` is dead: it takes a number, and nothing else.",
      "",
      "Examples:",
      "  blockcam reap",
      "  blockcam reap --id 0"
    })
final class ReapCommand implements Callable<Integer> {

  private static final int NONE = -1;

  @Option(names = "--id", paramLabel = "N", description = "Remove /dev/ublkbN.")
  @Nullable Integer id;

  @Option(names = "--all", description = "Remove all that are listed.")
  boolean all;

  @Spec CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() throws IOException {
    try (UblkControl control = UblkControl.open(Posix.linux())) {
      final OrphanedDevices orphans = new OrphanedDevices(control);
      final List<DeviceInfo> found = orphans.find();
      final int wanted = id == null ? NONE : id;
      if (id != null && found.stream().noneMatch(device -> device.id() == wanted)) {
        throw CommandException.no(
            "/dev/ublkb%d is no device whose server is gone; `blockcam reap` lists them"
                .formatted(wanted));
      }
      final Table table =
          new Table(Table.Align.LEFT, Table.Align.LEFT, Table.Align.RIGHT, Table.Align.LEFT);
      table.row("DEVICE", "STATE", "SERVER", "");
      for (final DeviceInfo device : found) {
        final boolean remove = all || device.id() == wanted;
        table.row(
            device.blockDevicePath(),
            Words.of(device.state()),
            Integer.toString(device.serverPid()),
            !remove
                ? ""
                : orphans.remove(device) ? "removed" : "removed, its number is still held");
      }
      if (!found.isEmpty()) {
        table.print(spec.commandLine().getOut());
      }
      return ExitCode.DONE;
    }
  }
}
