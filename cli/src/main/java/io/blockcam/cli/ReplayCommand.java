package io.blockcam.cli;

import io.blockcam.archive.Moment;
import io.blockcam.history.RecordingReader;
import io.blockcam.history.Segment;
import io.blockcam.replay.BlockMap;
import io.blockcam.replay.ClockStep;
import io.blockcam.replay.ImageFileException;
import io.blockcam.replay.ImageWriter;
import io.blockcam.replay.MomentException;
import io.blockcam.replay.MomentResolver;
import io.blockcam.replay.When;
import io.blockcam.store.ObjectStore;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneId;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code blockcam replay}: the disk as of a moment, as an image. */
@Command(
    name = "replay",
    description = "Writes the disk as of a moment as a sparse raw image.",
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "WHEN is " + When.FORMS + ".",
      "",
      "Examples:",
      "  blockcam replay --archive file:///srv/archive --name web1 --to now.img",
      "  blockcam replay --archive webhdfs://namenode:9870/blockcam --name web1 \\",
      "      --at 2026-11-22T10:00:00Z --to before.img",
      "  blockcam replay --archive file:///srv/archive --name web1 --at -10m --to before.img"
    })
final class ReplayCommand implements Callable<Integer> {

  @Mixin RecordingOptions options = new RecordingOptions();

  @Option(
      names = "--at",
      paramLabel = "WHEN",
      defaultValue = "latest",
      description = "The moment (default: ${DEFAULT-VALUE}).")
  String at = "latest";

  @Option(names = "--to", required = true, paramLabel = "FILE", description = "The image to make.")
  Path to = Path.of("");

  @Option(names = "--force", description = "Replace the image if it exists.")
  boolean force;

  @Option(
      names = "--strict",
      description = "Refuse a moment of which the record itself is not certain.")
  boolean strict;

  @Option(names = "--json", description = "Print JSON instead of a table.")
  boolean json;

  @Spec CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() throws IOException {
    try (ObjectStore store = options.openStore();
        ProgressLine progress = new ProgressLine()) {
      final Instant now = Instant.now();
      final When when = When.parse(at, now, ZoneId.systemDefault());
      final RecordingReader reader = options.recording(store);
      final List<Segment> segments = reader.segments();
      final MomentResolver resolver = new MomentResolver(reader.recording(), segments);
      final Moment moment = resolver.resolve(when);
      if (when instanceof final When.At time) {
        resolver.setBackOver(time.instant()).ifPresent(step -> warn(time.instant(), step));
        if (time.instant().isAfter(resolver.resolve(new When.Latest()).instant())) {
          warn("%s is after the last record: the disk as it was then".formatted(time.instant()));
        }
      }
      final BlockMap map = BlockMap.at(segments, moment, done -> {});
      final long uncertain = map.uncertainBlocks(when instanceof When.At);
      if (strict && uncertain > 0) {
        throw CommandException.no(
            "the record is not certain of %d blocks at %s, and --strict is given; no image was made"
                .formatted(uncertain, moment.instant()));
      }
      final ImageWriter.Image image =
          new ImageWriter(reader.recording().diskBytes(), segments, map, progress::update)
              .write(to, force);
      progress.close();
      print(moment, image, uncertain);
      return ExitCode.DONE;
    } catch (final MomentException e) {
      throw CommandException.usage("--at: " + Messages.of(e));
    } catch (final ImageFileException e) {
      throw e.kind() == ImageFileException.Kind.EXISTS
          ? CommandException.usage("--to: " + Messages.of(e))
          : CommandException.environment(Messages.of(e));
    }
  }

  private void warn(final Instant asked, final ClockStep step) {
    warn(
        "the clock was set back from %s to %s, so it was %s twice: this is the first time; for the second give --at seq:N with N from %d on"
            .formatted(step.before(), step.after(), asked, step.sequence()));
  }

  private void warn(final String message) {
    spec.commandLine().getErr().println("blockcam: " + message);
  }

  private void print(final Moment moment, final ImageWriter.Image image, final long uncertain) {
    final PrintWriter out = spec.commandLine().getOut();
    if (json) {
      final Map<String, Object> facts = new LinkedHashMap<>();
      facts.put("recording", options.name);
      facts.put("asked", at);
      facts.put("moment", InfoReport.moment(moment));
      facts.put("image", image.file().toString());
      facts.put("bytes", image.bytes());
      facts.put("dataBytes", image.dataBytes());
      facts.put("sha256", image.sha256());
      facts.put("uncertainBlocks", uncertain);
      Json.print(out, facts);
      return;
    }
    final Table table = new Table(Table.Align.LEFT, Table.Align.LEFT);
    table.row(
        "moment", moment.instant() + "  epoch " + moment.epoch() + "  seq:" + moment.sequence());
    table.row(
        "image",
        image.file()
            + "  "
            + image.bytes()
            + " bytes, "
            + Size.format(image.dataBytes())
            + " of them data");
    table.row("sha256", image.sha256());
    if (uncertain > 0) {
      table.row(
          "uncertain",
          uncertain
              + " blocks may have held something else: a crash or a failed write, see --strict");
    }
    table.print(out);
  }
}
