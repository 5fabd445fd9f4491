package io.blockcam.cli;

import io.blockcam.archive.record.GapReason;
import io.blockcam.archive.record.RecordDescriptor;
import io.blockcam.archive.record.RecordFlags;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.archive.record.RecordTable;
import io.blockcam.history.RecordedClock;
import io.blockcam.history.RecordingReader;
import io.blockcam.history.Segments;
import io.blockcam.replay.ImageFileException;
import io.blockcam.replay.LogWritesWriter;
import io.blockcam.replay.MomentResolver;
import io.blockcam.replay.RecordLog;
import io.blockcam.replay.When;
import io.blockcam.store.ObjectStore;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
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

/** {@code blockcam log}: every record of a recording, as lines or as a log of dm-log-writes. */
@Command(
    name = "log",
    description = "Prints every record, or writes them as a log for replay-log.",
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "WHEN is " + When.FORMS + ".",
      "",
      "Format ransap is that of ata_write.csv in the RanSAP dataset: seconds, nanoseconds, first sector,",
      "bytes, entropy from 0 to 1, and 0. It reads all data of the record.",
      "",
      "Format log-writes is that of the kernel's dm-log-writes: xfstests' replay-log makes the disk of it.",
      "",
      "Examples:",
      "  blockcam log --archive file:///srv/archive --name web1 --from -10m",
      "  blockcam log --archive file:///srv/archive --name web1 --kind flush,gap --format csv",
      "  blockcam log --archive file:///srv/archive --name web1 --format log-writes --to web1.log"
    })
final class LogCommand implements Callable<Integer> {

  /** How records are told. */
  enum Format {
    /** Columns that line up. */
    TABLE,
    /** RFC 4180, with a line of names. */
    CSV,
    /** One object in each line. */
    JSON,
    /** The guest's writes, for what learns from RanSAP. */
    RANSAP,
    /** A file for replay-log. */
    LOG_WRITES;

    /** As the user writes it. */
    @Override
    public String toString() {
      return Words.option(this);
    }
  }

  @Mixin RecordingOptions options = new RecordingOptions();

  @Option(
      names = "--from",
      paramLabel = "WHEN",
      description = "Begin with the first record after this moment (default: the first).")
  @Nullable String from;

  @Option(
      names = "--until",
      paramLabel = "WHEN",
      defaultValue = "latest",
      description = "The last moment (default: ${DEFAULT-VALUE}).")
  String until = "latest";

  @Option(
      names = "--kind",
      paramLabel = "KIND",
      split = ",",
      description =
          "Print only these, of data, zeroes, discard, flush, baseline, resync, mark, clock-step,"
              + " gap, start, stop, baseline-done, resync-done.")
  @Nullable Set<RecordKind> kinds;

  @Option(
      names = "--format",
      paramLabel = "F",
      defaultValue = "table",
      description =
          "table, csv, json (one object in each line), ransap (the guest's writes with their entropy) or"
              + " log-writes.")
  Format format = Format.TABLE;

  @Option(
      names = "--to",
      paramLabel = "FILE",
      description = "The file to make, with --format log-writes.")
  @Nullable Path file;

  @Spec CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() throws IOException {
    if (format == Format.RANSAP && kinds != null) {
      throw CommandException.usage("--format ransap prints data alone: leave out --kind");
    }
    if ((format == Format.LOG_WRITES) != (file != null)) {
      throw CommandException.usage(
          "--format log-writes makes a file and needs --to FILE; the other formats are printed");
    }
    try (ObjectStore store = options.openStore();
        ProgressLine progress = new ProgressLine()) {
      final RecordingReader reader = options.recording(store);
      final Segments segments = reader.find();
      final PrintWriter err = spec.commandLine().getErr();
      MomentOptions.warnOfBeginning(segments, err);
      final MomentResolver resolver = new MomentResolver(reader, segments, true);
      final MomentOptions.Span span = MomentOptions.span(resolver, from, until, err);
      final long first = span.from() + 1;
      final long last = span.until();
      if (file != null) {
        final LogWritesWriter.Written written =
            new LogWritesWriter()
                .write(
                    file,
                    reader,
                    segments,
                    first,
                    last,
                    (done, total) -> progress.segments("writing", done, total));
        progress.close();
        print(written);
      } else {
        print(reader, segments, resolver.clock(), first, last);
      }
      return ExitCode.DONE;
    } catch (final ImageFileException e) {
      throw e.kind() == ImageFileException.Kind.EXISTS
          ? CommandException.usage("--to: " + Messages.of(e))
          : CommandException.environment(Messages.of(e));
    }
  }

  private void print(final LogWritesWriter.Written written) {
    final PrintWriter out = spec.commandLine().getOut();
    out.printf("%s: %d entries, %s%n", file, written.entries(), Size.format(written.bytes()));
    out.flush();
    if (written.gaps() > 0) {
      spec.commandLine()
          .getErr()
          .println(
              "blockcam: %d gaps: what was written then is not in the log"
                  .formatted(written.gaps()));
    }
  }

  private void print(
      final RecordingReader reader,
      final Segments segments,
      final RecordedClock clock,
      final long first,
      final long last)
      throws IOException {
    final PrintWriter out = spec.commandLine().getOut();
    final Line line = new Line(format, clock, out);
    final RansapLines ransap = new RansapLines(clock, out);
    line.head();
    RecordLog.read(
        reader,
        segments,
        first,
        last,
        (segment, tables, begin, end) -> {
          if (format == Format.RANSAP) {
            ransap.print(segment.reader(), tables, begin, end);
            return !out.checkError() && !System.out.checkError();
          }
          for (int i = begin; i < end; i++) {
            if (kinds == null || kinds.contains(tables.records().kind(i))) {
              final String mark =
                  tables.records().kind(i) == RecordKind.MARK
                      ? Printable.of(segment.reader().markText(tables, i))
                      : "";
              line.print(segment.trailer().epoch(), tables.records(), i, mark);
            }
          }
          // A reader that has seen enough, such as head(1); a writer around it does not tell.
          return !out.checkError() && !System.out.checkError();
        },
        (done, total) -> {});
    out.flush();
  }

  /** One record in one line. */
  private record Line(Format format, RecordedClock clock, PrintWriter out) {

    private static final String TABLE = "%12s %6s  %-30s  %-13s %12s %10s  %-8s  %s";

    void head() {
      if (format == Format.CSV) {
        out.print("sequence,epoch,time,kind,block,blocks,sectors,flags,reason,mark\r\n");
      } else if (format == Format.TABLE) {
        out.println(
            TABLE.formatted(
                "SEQUENCE", "EPOCH", "TIME", "KIND", "BLOCK", "BLOCKS", "SECTORS", "FLAGS"));
      }
    }

    void print(final long epoch, final RecordTable records, final int i, final String mark) {
      final RecordKind kind = records.kind(i);
      final Map<String, Object> facts = new LinkedHashMap<>();
      facts.put("sequence", records.sequence(i));
      facts.put("epoch", epoch);
      facts.put("time", clock.shown(records.sequence(i), records.timestampNs(i)).toString());
      facts.put("kind", kind.word());
      facts.put("block", kind.hasBlocks() ? (Object) records.block(i) : "");
      facts.put("blocks", kind.hasBlocks() ? (Object) records.runBlocks(i) : "");
      facts.put("sectors", sectors(records, i, kind));
      final List<String> flags = flags(records, i);
      facts.put("flags", format == Format.JSON ? flags : String.join(" ", flags));
      facts.put("reason", reason(records, i, kind));
      facts.put("mark", mark);
      switch (format) {
        case CSV -> out.print(csv(facts) + "\r\n");
        case JSON -> {
          facts.values().removeIf(fact -> fact.equals("") || fact.equals(List.of()));
          out.println(Json.line(facts));
        }
        default ->
            out.println(
                TABLE
                    .formatted(
                        facts.get("sequence"),
                        facts.get("epoch"),
                        facts.get("time"),
                        facts.get("kind"),
                        facts.get("block"),
                        facts.get("blocks"),
                        facts.get("sectors"),
                        (facts.get("flags") + " " + facts.get("reason") + mark).strip())
                    .stripTrailing());
      }
    }

    private static String csv(final Map<String, Object> facts) {
      return String.join(",", facts.values().stream().map(Line::field).toList());
    }

    /** RFC 4180: what holds a comma or a quote is quoted. */
    private static String field(final Object value) {
      final String text = String.valueOf(value);
      return text.contains(",") || text.contains("\"")
          ? '"' + text.replace("\"", "\"\"") + '"'
          : text;
    }

    /** Which sectors of a block were written, where it is not all of them: {@code --234---}. */
    private static String sectors(final RecordTable records, final int i, final RecordKind kind) {
      final int mask = records.sectorMask(i);
      if (!kind.hasBlocks() || mask == RecordDescriptor.WHOLE_BLOCK) {
        return "";
      }
      final StringBuilder text = new StringBuilder();
      for (int sector = 0; sector < RecordDescriptor.BLOCK_SECTORS; sector++) {
        text.append((mask & 1 << sector) != 0 ? (char) ('0' + sector) : '-');
      }
      return text.toString();
    }

    private static List<String> flags(final RecordTable records, final int i) {
      final List<String> names = new ArrayList<>();
      name(names, records, i, RecordFlags.FIRST, "first");
      name(names, records, i, RecordFlags.FUA, "fua");
      name(names, records, i, RecordFlags.FAILED, "failed");
      name(names, records, i, RecordFlags.ALL_ZERO, "zero");
      name(names, records, i, RecordFlags.SHARED, "shared");
      name(names, records, i, RecordFlags.UNKNOWN_OUTCOME, "unknown-outcome");
      return names;
    }

    private static void name(
        final List<String> names,
        final RecordTable records,
        final int i,
        final int flag,
        final String name) {
      if (records.hasFlag(i, flag)) {
        names.add(name);
      }
    }

    private static String reason(final RecordTable records, final int i, final RecordKind kind) {
      return kind == RecordKind.GAP
          ? GapReason.ofCode(records.aux(i))
              .map(GapReason::words)
              .orElse("reason " + Long.toUnsignedString(records.aux(i)))
          : "";
    }
  }
}
