package io.blockcam.cli;

import io.blockcam.filesearch.FileSearch;
import io.blockcam.filesearch.FileSink;
import io.blockcam.filesearch.HashListReader;
import io.blockcam.filesearch.SearchReport;
import io.blockcam.filesearch.Target;
import io.blockcam.filesearch.TargetFiles;
import io.blockcam.filesearch.TargetSet;
import io.blockcam.history.RecordingReader;
import io.blockcam.history.Segments;
import io.blockcam.replay.MomentResolver;
import io.blockcam.replay.NewFile;
import io.blockcam.replay.When;
import io.blockcam.store.ObjectStore;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code blockcam find}: when known files were on the disk. */
@Command(
    name = "find",
    description = "Says when known files were on the disk, also if they were removed since.",
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "A file is found by its content, wherever it lay and whatever its name was there. Verdicts:",
      "present (all of it was there at once), partly, absent, and unprovable: nothing in it says",
      "anything of it. Proof: bytes (the recorded bytes were compared) or hashes (of sectors alone).",
      "AT is the last moment at which all of it was there, for --at of replay and attach.",
      "",
      "WHEN is " + When.FORMS + ".",
      "",
      "Exit status 0: at least one was there, in whole or in part; 1: none was.",
      "",
      "Examples:",
      "  blockcam find --archive file:///srv/archive --name web1 contract.pdf",
      "  blockcam find --archive file:///srv/archive --name web1 --from -7d ~/Documents --html found.html",
      "  blockcam find --archive file:///srv/archive --name web1 --hashes documents.hashes --json"
    })
final class FindCommand implements Callable<Integer> {

  @Mixin RecordingOptions options = new RecordingOptions();

  @Parameters(
      arity = "0..*",
      paramLabel = "FILE|DIR",
      description = "Files to look for, or all files below a directory.")
  List<Path> files = List.of();

  @Option(
      names = "--hashes",
      paramLabel = "LIST",
      description = "What `blockcam hash` has made of the files, in place of them.")
  @Nullable Path hashes;

  @Option(
      names = "--from",
      paramLabel = "WHEN",
      description = "What was there at this moment and since (default: all of the record).")
  @Nullable String from;

  @Option(
      names = "--until",
      paramLabel = "WHEN",
      defaultValue = "latest",
      description = "The last moment (default: ${DEFAULT-VALUE}).")
  String until = "latest";

  @Option(
      names = "--known-good",
      paramLabel = "DIR|LIST",
      description =
          "Files that everybody has, or a list of their hashes: what is in these proves nothing. May be"
              + " given more than once.")
  List<Path> knownGood = List.of();

  @Option(
      names = "--min-coverage",
      paramLabel = "P",
      defaultValue = "0",
      description =
          "Count a file that was there in part only from so many per cent on (default:"
              + " ${DEFAULT-VALUE}).")
  double minCoverage;

  @Option(names = "--no-index", description = MomentOptions.NO_INDEX)
  boolean noIndex;

  @Option(names = "--json", description = "Print JSON instead of a table.")
  boolean json;

  @Option(
      names = "--html",
      paramLabel = "FILE",
      description = "Also make a page of what was found, which needs no network.")
  @Nullable Path html;

  @Option(names = "--force", description = "Replace an existing page.")
  boolean force;

  @Spec CommandSpec spec = CommandSpec.create();

  /** A file could not be read, and was not looked for. */
  private final List<String> unread = new ArrayList<>();

  @Override
  public Integer call() throws IOException {
    check();
    if (html != null) {
      NewFile.check(html, force);
    }
    final TargetSet targets = targets();
    try (ObjectStore store = options.openStore();
        ProgressLine progress = new ProgressLine()) {
      final RecordingReader reader = options.recording(store);
      final SearchReport report = search(reader, targets, progress);
      progress.close();
      if (html != null) {
        NewFile.write(html, force, FindPage.of(report).getBytes(StandardCharsets.UTF_8));
      }
      final PrintWriter out = spec.commandLine().getOut();
      if (json) {
        Json.print(out, report.json());
      } else {
        FindTable.print(report, out);
      }
      return report.isFound() ? ExitCode.DONE : ExitCode.NO;
    }
  }

  private void check() {
    if (files.isEmpty() == (hashes == null)) {
      throw CommandException.usage("name files to look for, or a list of hashes with --hashes");
    }
    if (!(minCoverage >= 0 && minCoverage <= 100)) {
      throw CommandException.usage(
          "--min-coverage is %s, and not between 0 and 100 per cent".formatted(minCoverage));
    }
  }

  private SearchReport search(
      final RecordingReader reader, final TargetSet targets, final ProgressLine progress)
      throws IOException {
    final PrintWriter err = spec.commandLine().getErr();
    final Segments segments = reader.findWhatIsLeft();
    MomentOptions.warnOfBeginning(segments, err);
    final MomentResolver resolver = new MomentResolver(reader, segments, !noIndex);
    final MomentOptions.Span span = MomentOptions.span(resolver, from, until, err);
    for (final Target target : targets.targets()) {
      if (target.bytes() > reader.recording().diskBytes()) {
        warn("%s is larger than the disk".formatted(target.paths().getFirst()));
      }
    }
    final FileSearch.Result found =
        new FileSearch(
                reader,
                segments,
                targets,
                new FileSearch.Window(span.from(), span.until()),
                !noIndex,
                progress::segments)
            .run();
    found.notSearched().forEach(why -> warn("not searched: " + why));
    return SearchReport.of(
        options.name, found, resolver.clock(), span.until(), minCoverage / 100, unread);
  }

  private TargetSet targets() throws IOException {
    final TargetSet.Builder builder = new TargetSet.Builder();
    if (hashes == null) {
      read(files, builder);
    } else {
      readList(hashes, builder);
    }
    final TargetSet targets = builder.build();
    if (targets.targets().isEmpty()) {
      throw CommandException.no(
          unread.isEmpty() ? "there is no file to look for" : "no file could be read");
    }
    if (knownGood.isEmpty()) {
      return targets;
    }
    final TargetSet.Without without = targets.without();
    for (final Path good : knownGood) {
      if (isList(good)) {
        readList(good, without);
      } else {
        read(List.of(good), without);
      }
    }
    return without.build();
  }

  private void read(final List<Path> paths, final FileSink sink) throws IOException {
    for (final Path path : paths) {
      if (!Files.exists(path)) {
        throw CommandException.usage(path + ": no such file or directory");
      }
    }
    TargetFiles.read(
        paths,
        sink,
        (path, why) -> {
          final String line = Messages.of(path, why);
          unread.add(line);
          warn(line);
        });
  }

  private static boolean isList(final Path path) throws IOException {
    if (!Files.isRegularFile(path)) {
      return false;
    }
    try (InputStream in = Files.newInputStream(path)) {
      return HashListReader.isOne(in.readNBytes(Long.BYTES));
    }
  }

  private static void readList(final Path list, final FileSink sink) throws IOException {
    if (Files.exists(list) && !Files.isRegularFile(list)) { // a pipe would be waited for
      throw CommandException.usage(list + ": is no regular file");
    }
    try (InputStream in = new BufferedInputStream(Files.newInputStream(list))) {
      HashListReader.read(list.toString(), in, sink);
    }
  }

  private void warn(final String message) {
    spec.commandLine().getErr().println("blockcam: " + Printable.of(message));
  }
}
