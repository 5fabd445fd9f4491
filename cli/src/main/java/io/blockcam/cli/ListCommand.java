package io.blockcam.cli;

import io.blockcam.archive.Recording;
import io.blockcam.replay.Moment;
import io.blockcam.replay.RecordingInfo;
import io.blockcam.replay.RecordingReader;
import io.blockcam.store.ObjectStore;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code blockcam list}: the recordings of an archive. */
@Command(
    name = "list",
    description = "Lists the recordings of an archive.",
    mixinStandardHelpOptions = true,
    footer = {"", "Example:", "  blockcam list --archive webhdfs://namenode:9870/blockcam"})
final class ListCommand implements Callable<Integer> {

  @Mixin ArchiveOptions archive = new ArchiveOptions();

  @Option(names = "--json", description = "Print JSON instead of a table.")
  boolean json;

  @Spec CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() throws IOException {
    final PrintWriter out = spec.commandLine().getOut();
    final List<RecordingInfo> infos = new ArrayList<>();
    try (ObjectStore store = archive.open();
        ProgressLine progress = new ProgressLine()) {
      for (final String name : RecordingReader.names(store)) {
        infos.add(
            RecordingInfo.read(
                RecordingReader.open(store, name),
                (done, total) -> progress.update("reading " + name, done, total)));
      }
    }
    if (json) {
      Json.print(out, infos.stream().map(InfoReport::json).toList());
      return ExitCode.DONE;
    }
    if (infos.isEmpty()) {
      out.println("no recordings in " + archive.uri);
      return ExitCode.DONE;
    }
    final Table table =
        new Table(
            Table.Align.LEFT,
            Table.Align.RIGHT,
            Table.Align.LEFT,
            Table.Align.LEFT,
            Table.Align.RIGHT,
            Table.Align.RIGHT,
            Table.Align.RIGHT);
    table.row("NAME", "DISK", "FROM", "TO", "EPOCHS", "SEGMENTS", "STORED");
    for (final RecordingInfo info : infos) {
      final Recording recording = info.recording();
      table.row(
          recording.name(),
          Size.format(recording.diskBytes()),
          recording.created().toString(),
          info.last().map(Moment::instant).map(Object::toString).orElse("-"),
          Long.toString(info.epochs().size()),
          Long.toString(info.segments()),
          Size.format(info.bytes()));
    }
    table.print(out);
    return ExitCode.DONE;
  }
}
