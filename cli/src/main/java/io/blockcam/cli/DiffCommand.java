package io.blockcam.cli;

import io.blockcam.archive.index.WindowStack;
import io.blockcam.archive.record.RecordDescriptor;
import io.blockcam.history.Layers;
import io.blockcam.history.RecordingReader;
import io.blockcam.history.Segments;
import io.blockcam.replay.MomentResolver;
import io.blockcam.replay.When;
import io.blockcam.store.ObjectStore;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code blockcam diff}: where the disk was written between two moments. */
@Command(
    name = "diff",
    description = "Prints where the disk was written between two moments.",
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "WHEN is " + When.FORMS + ".",
      "",
      "A range that was written may hold the same as before. In doubt is what may have been written:"
          + " a gap in the record, or a write that failed.",
      "",
      "Examples:",
      "  blockcam diff --archive file:///srv/archive --name web1 --from -1h",
      "  blockcam diff --archive file:///srv/archive --name web1 \\",
      "      --from 2026-11-22T10:00:00Z --until 2026-11-22T10:05:00Z --json"
    })
final class DiffCommand implements Callable<Integer> {

  private static final String LINE = "%20s %20s  %s%n";

  @Mixin RecordingOptions options = new RecordingOptions();

  @Option(
      names = "--from",
      required = true,
      paramLabel = "WHEN",
      description = "The earlier moment.")
  String from = "";

  @Option(
      names = "--until",
      paramLabel = "WHEN",
      defaultValue = "latest",
      description = "The later one (default: ${DEFAULT-VALUE}).")
  String until = "latest";

  @Option(names = "--no-index", description = MomentOptions.NO_INDEX)
  boolean noIndex;

  @Option(names = "--json", description = "Print one JSON object in each line.")
  boolean json;

  @Spec CommandSpec spec = CommandSpec.create();

  /** What is known of a range. */
  private enum Kind {
    WRITTEN,
    IN_DOUBT
  }

  @Override
  public Integer call() throws IOException {
    try (ObjectStore store = options.openStore();
        ProgressLine progress = new ProgressLine()) {
      final RecordingReader reader = options.recording(store);
      final Segments segments = reader.find();
      final PrintWriter err = spec.commandLine().getErr();
      MomentOptions.warnOfBeginning(segments, err);
      final MomentResolver resolver = new MomentResolver(reader, segments, !noIndex);
      final MomentOptions.Span span = MomentOptions.span(resolver, from, until, err);
      try (Layers layers =
          Layers.between(
              reader,
              segments,
              span.from(),
              span.until(),
              !noIndex,
              (done, total) -> progress.segments("comparing", done, total))) {
        progress.close();
        final Ranges ranges = new Ranges(spec.commandLine().getOut(), layers.diskBytes());
        ranges.head();
        final WindowStack window = new WindowStack();
        for (long at = layers.nextWindow(0);
            at != Long.MAX_VALUE && !ranges.isUnwanted();
            at = layers.nextWindow(window.end())) {
          layers.read(window, at);
          ranges.add(window);
        }
        ranges.end();
      }
      return ExitCode.DONE;
    }
  }

  private record Range(long first, long end, Kind kind) {}

  /** Puts ranges together and prints them. */
  private final class Ranges {
    private final PrintWriter out;
    private final long diskBytes;
    private final long[] total = new long[Kind.values().length];
    private long first;
    private long end;
    private Kind kind = Kind.WRITTEN;

    Ranges(final PrintWriter out, final long diskBytes) {
      this.out = out;
      this.diskBytes = diskBytes;
    }

    void head() {
      if (!json) {
        out.printf(LINE, "OFFSET", "BYTES", "KIND");
      }
    }

    /** A reader that has seen enough, such as head(1). */
    boolean isUnwanted() {
      return out.checkError() || System.out.checkError();
    }

    void add(final WindowStack window) throws IOException {
      final List<Range> found = new ArrayList<>();
      window.forEachDecided((a, b) -> found.add(new Range(a, b, Kind.WRITTEN)));
      window.forEachDoubt((a, b) -> found.add(new Range(a, b, Kind.IN_DOUBT)));
      found.sort(Comparator.comparingLong(Range::first));
      found.forEach(range -> add(range.first, range.end, range.kind));
    }

    private void add(final long a, final long b, final Kind next) {
      if (next == kind && a == end) {
        end = b;
        return;
      }
      print();
      first = a;
      end = b;
      kind = next;
    }

    private void print() {
      if (first == end) {
        return;
      }
      final long offset = first * RecordDescriptor.BLOCK_BYTES;
      final long bytes = Math.min(end * RecordDescriptor.BLOCK_BYTES, diskBytes) - offset;
      total[kind.ordinal()] += bytes;
      if (json) {
        final Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("offset", offset);
        facts.put("bytes", bytes);
        facts.put("kind", Words.of(kind));
        out.println(Json.line(facts));
      } else {
        out.printf(LINE, offset, bytes, Words.of(kind));
      }
    }

    void end() {
      print();
      if (!json) {
        out.printf(
            "%s written, %s in doubt%n",
            Size.format(total[Kind.WRITTEN.ordinal()]),
            Size.format(total[Kind.IN_DOUBT.ordinal()]));
      }
      out.flush();
    }
  }
}
