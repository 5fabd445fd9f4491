package io.blockcam.cli;

import io.blockcam.archive.Moment;
import io.blockcam.archive.Recording;
import io.blockcam.archive.RecordingFormatException;
import io.blockcam.archive.segment.SegmentException;
import io.blockcam.history.RecordingInfo;
import io.blockcam.history.RecordingReader;
import io.blockcam.store.ObjectStore;
import io.blockcam.store.StoreException;
import io.blockcam.store.StoreUnavailableException;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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
    final Map<String, String> unreadable = new LinkedHashMap<>();
    try (ObjectStore store = archive.open();
        ProgressLine progress = new ProgressLine()) {
      for (final String name :
          RecordingReader.names(store, (name, e) -> unreadable.put(name, Messages.of(e)))) {
        try {
          infos.add(
              RecordingInfo.read(
                  RecordingReader.open(store, name),
                  (done, total) -> progress.bytes("reading " + name, done, total)));
        } catch (final StoreUnavailableException e) {
          throw e;
        } catch (final SegmentException | RecordingFormatException | StoreException e) {
          unreadable.put(name, Messages.of(e)); // the others are none the worse for it
        }
      }
    }
    if (json) {
      final List<Map<String, Object>> all = new ArrayList<>();
      infos.forEach(info -> all.add(InfoReport.json(info)));
      unreadable.forEach((name, error) -> all.add(Map.of("name", name, "error", error)));
      Json.print(out, all);
    } else if (!infos.isEmpty()) {
      table(infos).print(out);
    } else if (unreadable.isEmpty()) {
      out.println("no recordings in " + archive.uri);
    }
    out.flush();
    final PrintWriter err = spec.commandLine().getErr();
    unreadable.forEach(
        (name, error) -> err.println("blockcam: recording '" + name + "': " + error));
    return unreadable.isEmpty() ? ExitCode.DONE : ExitCode.NO;
  }

  private static Table table(final List<RecordingInfo> infos) {
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
          Size.format(info.diskBytes()),
          recording.created().toString(),
          info.summary().lastShown().map(Moment::instant).map(Object::toString).orElse("-"),
          Long.toString(info.summary().earlierEpochs() + info.summary().epochs().size()),
          Long.toString(info.summary().segments()),
          Size.format(info.summary().bytes()));
    }
    return table;
  }
}
