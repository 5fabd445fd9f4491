package io.blockcam.cli;

import io.blockcam.archive.Moment;
import io.blockcam.archive.Recording;
import io.blockcam.archive.record.RecordDescriptor;
import io.blockcam.history.ClockStep;
import io.blockcam.replay.BlockRanges;
import io.blockcam.replay.FlatHash;
import io.blockcam.replay.ImageFileException;
import io.blockcam.replay.ImageWriter;
import io.blockcam.replay.NewFile;
import io.blockcam.replay.PastDisk;
import io.blockcam.replay.RangeTally;
import io.blockcam.replay.When;
import io.blockcam.store.ObjectStore;
import java.io.BufferedOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code blockcam replay}: the disk as of a moment, as an image. */
@Command(
    name = "replay",
    description = "Writes the disk as of a moment as a sparse raw image, or as a stream.",
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "WHEN is " + When.FORMS + ".",
      "",
      "FILE.json beside the image says what it is: recording, moment, uncertain blocks, hashes.",
      "",
      "Examples:",
      "  blockcam replay --archive file:///srv/archive --name web1 --to now.img",
      "  blockcam replay --archive webhdfs://namenode:9870/blockcam --name web1 \\",
      "      --at 2026-11-22T10:00:00Z --to before.img",
      "  blockcam replay --archive file:///srv/archive --name web1 --at -10m --to - |",
      "      qemu-img convert -f raw -O qcow2 /dev/stdin before.qcow2"
    })
final class ReplayCommand implements Callable<Integer> {

  private static final Path STANDARD_OUTPUT = Path.of("-");

  /** A recording that lost a power cut may be uncertain of a great many. */
  private static final int MOST_RANGES = RangeTally.MOST_KEPT;

  @Mixin RecordingOptions options = new RecordingOptions();

  @Mixin MomentOptions when = new MomentOptions();

  @Option(
      names = "--to",
      paramLabel = "FILE",
      description = "The image to make; - for standard output.")
  @Nullable Path to;

  @Option(
      names = "--device",
      paramLabel = "PATH",
      description = "Write over a block device that is not in use, instead of making an image.")
  @Nullable Path device;

  @Option(names = "--force", description = "Replace the image if it exists.")
  boolean force;

  @Option(
      names = "--strict",
      description = "Refuse a moment of which the record itself is not certain.")
  boolean strict;

  @Option(
      names = "--allow-holes",
      description =
          "Where segments are missing or damaged, restore what is left: holes are zero, and told.")
  boolean allowHoles;

  @Option(
      names = "--hash",
      paramLabel = "HASH",
      split = ",",
      defaultValue = "sha256",
      description =
          "Hashes to take of the image: sha256, md5, sha1, or none (default: ${DEFAULT-VALUE})."
              + " These read all of it, holes, too; the tree hash, which is always taken, does not.")
  List<String> hashes = List.of("sha256");

  @Option(names = "--json", description = "Print JSON instead of a table.")
  boolean json;

  @Spec CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() throws IOException {
    if ((to == null) == (device == null)) {
      throw CommandException.usage("give --to FILE or --device PATH");
    }
    final Set<FlatHash> flat = flatHashes();
    final @Nullable Path file = to == null || to.equals(STANDARD_OUTPUT) ? null : to;
    final boolean streams = file == null && device == null;
    final PrintWriter err = spec.commandLine().getErr();
    try (ObjectStore store = options.openStore();
        ProgressLine progress = new ProgressLine()) {
      boolean replacesDescription = force;
      if (file != null) {
        NewFile.check(file, force);
        replacesDescription |= isLeftOver(description(file), file);
        NewFile.check(description(file), replacesDescription);
      }
      final StringWriter warnings = new StringWriter(); // a refusal says it in one line
      final MomentOptions.Found found =
          when.find(options.recording(store), allowHoles, strict ? new PrintWriter(warnings) : err);
      if (strict) {
        refuseGuesses(found);
      }
      err.print(warnings);
      err.flush();
      try (PastDisk disk = when.open(found, progress)) {
        final PastDisk.Survey survey = disk.survey();
        survey.uncertain().addAll(found.gaps());
        if (strict) {
          refuseGuesses(found, survey);
        }
        final ImageWriter writer = new ImageWriter(disk, survey.pieces(), flat, progress::bytes);
        final ImageWriter.Image image =
            file != null
                ? writer.write(file, force)
                : device != null ? overwrite(device, disk.bytes(), writer) : stream(writer);
        progress.close();
        final Map<String, Object> facts = facts(found, image, survey);
        if (allowHoles) {
          facts.put("lostSegments", disk.lostSegments());
          facts.put("holeBlocks", disk.holes().blocks());
          facts.put("holes", ranges(disk.holes()));
        }
        if (file != null) {
          NewFile.write(
              description(file),
              replacesDescription,
              Json.lines(facts).getBytes(StandardCharsets.UTF_8));
        }
        final PrintWriter out = streams ? err : spec.commandLine().getOut();
        if (json) {
          Json.print(out, facts);
        } else {
          print(out, found.moment(), image, survey, disk);
        }
        return ExitCode.DONE;
      }
    } catch (final ImageFileException e) {
      throw e.kind() == ImageFileException.Kind.EXISTS
          ? CommandException.usage("--to: " + Messages.of(e))
          : CommandException.environment(Messages.of(e));
    }
  }

  private Set<FlatHash> flatHashes() {
    final Set<FlatHash> flat = EnumSet.noneOf(FlatHash.class);
    for (final String wanted : hashes) {
      if (wanted.equals("none") && hashes.size() == 1) {
        return flat;
      }
      flat.add(
          Arrays.stream(FlatHash.values())
              .filter(hash -> hash.toString().equals(wanted))
              .findAny()
              .orElseThrow(
                  () ->
                      CommandException.usage(
                          "--hash: '%s' is not sha256, md5 or sha1, nor none alone"
                              .formatted(wanted))));
    }
    return flat;
  }

  /** What is known before the disk is looked at. */
  private void refuseGuesses(final MomentOptions.Found found) throws IOException {
    if (found.segments().areFolded()) {
      throw refused(
          "the beginning of the recording is not kept, what the disk held then is claimed and not proven");
    }
    if (found.later().mayBeMissed()) {
      throw refused(
          "the last record that is published is of %s, what was written after it may not be in the archive yet"
              .formatted(found.later().published().instant()));
    }
    if (found.step().isPresent()) {
      final ClockStep step = found.step().get();
      throw refused(
          "the clock was set %s, so it was %s %s: give seq:N, what was recorded then begins with %d"
              .formatted(
                  step.isBack() ? "back" : "ahead and back later",
                  when.at,
                  step.isBack() ? "twice" : "at no time",
                  step.sequence()));
    }
  }

  private static void refuseGuesses(final MomentOptions.Found found, final PastDisk.Survey survey) {
    if (!survey.unknown().isEmpty()) {
      throw refused(
          "what the disk held when the recording began is not known (baseline none), %d blocks were not written since"
              .formatted(survey.unknown().blocks()));
    }
    if (!survey.uncertain().isEmpty()) {
      throw refused(
          "the record is not certain of %d blocks at %s"
              .formatted(survey.uncertain().blocks(), found.moment().instant()));
    }
  }

  private static CommandException refused(final String why) {
    return CommandException.no(why + ", and --strict is given; no image was made");
  }

  /** Whether a description has no image any more: it is replaced then, if it is one. */
  private static boolean isLeftOver(final Path description, final Path image) throws IOException {
    if (Files.exists(image) || !Files.isRegularFile(description)) {
      return false;
    }
    try (InputStream in = Files.newInputStream(description)) {
      final String begin = new String(in.readNBytes(64), StandardCharsets.UTF_8);
      return begin.replaceAll("\\s", "").startsWith("{\"blockcam\":");
    }
  }

  private static Path description(final Path image) {
    return image.resolveSibling(image.getFileName() + ".json");
  }

  /** Where the disk was written to, as a person wants to read it. */
  private String place() {
    final Path path = to != null ? to : device;
    return path == null || path.equals(STANDARD_OUTPUT)
        ? "standard output"
        : path.toAbsolutePath().toString();
  }

  private static ImageWriter.Image overwrite(
      final Path path, final long bytes, final ImageWriter writer) throws IOException {
    try (DeviceFile claimed = DeviceFile.claim(path, bytes);
        OutputStream out = claimed.stream()) {
      final ImageWriter.Image image = writer.write(out);
      claimed.force();
      return image;
    }
  }

  /** Not System.out, which keeps errors to itself. */
  private static ImageWriter.Image stream(final ImageWriter writer) throws IOException {
    if (System.console() != null && System.console().isTerminal()) {
      throw CommandException.usage("--to -: standard output is a terminal; name a file or a pipe");
    }
    try (OutputStream out =
        new BufferedOutputStream(new FileOutputStream(FileDescriptor.out), 1 << 16)) {
      return writer.write(out);
    }
  }

  private Map<String, Object> facts(
      final MomentOptions.Found found,
      final ImageWriter.Image image,
      final PastDisk.Survey survey) {
    final Recording recording = found.reader().recording();
    final BlockRanges uncertain = survey.uncertain();
    final Map<String, Object> facts = new LinkedHashMap<>();
    facts.put("blockcam", Version.current());
    facts.put("recording", recording.name());
    facts.put("id", recording.id().toString());
    facts.put("asked", when.at);
    facts.put("moment", InfoReport.moment(found.moment()));
    facts.put("clockSetAt", found.step().map(ClockStep::sequence).orElse(null));
    facts.put("published", InfoReport.moment(found.later().published()));
    facts.put("afterPublished", found.later().isAskedFor());
    facts.put(
        "unpublishedRecords",
        found.later().unpublished().isPresent() ? found.later().unpublished().getAsLong() : null);
    facts.put("image", place());
    facts.put("bytes", image.bytes());
    facts.put("dataBytes", image.dataBytes());
    facts.put("tree", image.tree());
    image.hashes().forEach((hash, digest) -> facts.put(hash.toString(), digest));
    facts.put("baseline", Words.option(recording.baseline()));
    facts.put("unknownBlocks", survey.unknown().blocks());
    facts.put("unknown", ranges(survey.unknown().first()));
    if (survey.unknown().count() > MOST_RANGES) {
      facts.put("moreUnknownRanges", survey.unknown().count() - MOST_RANGES);
    }
    facts.put("uncertainBlocks", uncertain.blocks());
    facts.put("uncertain", ranges(uncertain));
    if (uncertain.ranges().size() > MOST_RANGES) {
      facts.put("moreUncertainRanges", uncertain.ranges().size() - MOST_RANGES);
    }
    return facts;
  }

  private static List<Map<String, Object>> ranges(final BlockRanges blocks) {
    final List<Map<String, Object>> ranges = new ArrayList<>();
    for (final Map.Entry<Long, Long> range : blocks.ranges()) {
      if (ranges.size() < MOST_RANGES) {
        final Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("offset", range.getKey() * RecordDescriptor.BLOCK_BYTES);
        facts.put("bytes", (range.getValue() - range.getKey()) * RecordDescriptor.BLOCK_BYTES);
        ranges.add(facts);
      }
    }
    return ranges;
  }

  private void print(
      final PrintWriter out,
      final Moment moment,
      final ImageWriter.Image image,
      final PastDisk.Survey survey,
      final PastDisk disk) {
    final Table table = new Table(Table.Align.LEFT, Table.Align.LEFT);
    table.row(
        "moment", moment.instant() + "  epoch " + moment.epoch() + "  seq:" + moment.sequence());
    table.row(
        "image",
        place()
            + "  "
            + image.bytes()
            + " bytes, "
            + Size.format(image.dataBytes())
            + " of them data");
    image.hashes().forEach((hash, digest) -> table.row(hash.toString(), digest));
    table.row("tree", image.tree());
    if (!survey.unknown().isEmpty()) {
      table.row(
          "unknown",
          survey.unknown().blocks()
              + " blocks were not written since the recording began (baseline none): what they"
              + " held is not known, they are zero here");
    }
    if (!survey.uncertain().isEmpty()) {
      table.row(
          "uncertain",
          survey.uncertain().blocks()
              + " blocks may have held something else: a crash or a failed write, see --strict");
    }
    if (!disk.lostSegments().isEmpty()) {
      table.row(
          "lost",
          disk.lostSegments().size()
              + " segments, the first is "
              + disk.lostSegments().getFirst()
              + ": what was written then and not again since is missing");
    }
    if (!disk.holes().isEmpty()) {
      table.row(
          "holes", disk.holes().blocks() + " blocks could not be read and are zero, see FILE.json");
    }
    table.print(out);
  }
}
