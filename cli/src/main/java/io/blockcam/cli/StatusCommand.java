package io.blockcam.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.Console;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code blockcam status}: what recorders on this machine do. */
@Command(
    name = "status",
    description = "Shows what a recorder does, or all that run on this machine.",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    footer = {
      "",
      "STATE is one of starting; recording; doubting (blocks of the disk are read back); behind (the archive",
      "can not be reached, segments wait in the spool); stuck (they can not be shipped until somebody does",
      "something); blocked (the spool is full, writes wait); failing (the spool can not be written); gap",
      "(the spool is full, writes go on unrecorded).",
      "",
      "Examples:",
      "  blockcam status",
      "  blockcam status web1 --watch 2s"
    })
final class StatusCommand implements Callable<Integer> {
  private static final String CLEAR = "\u001b[H\u001b[2J";

  @Parameters(
      index = "0",
      arity = "0..1",
      paramLabel = "NAME",
      description =
          "Name of the recording (default: all whose spools are in /var/lib/blockcam/spool).")
  @Nullable String name;

  @Option(
      names = "--spool",
      paramLabel = "DIR",
      description = "Its spool (default: /var/lib/blockcam/spool/NAME).")
  @Nullable Path spool;

  @Option(names = "--json", description = "Print JSON instead of tables.")
  boolean json;

  @Option(
      names = "--watch",
      paramLabel = "D",
      arity = "0..1",
      fallbackValue = "1s",
      description = "Look again after this time, until interrupted (default: ${FALLBACK-VALUE}).")
  @Nullable Duration watch;

  @Spec CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() throws IOException, InterruptedException {
    if (watch != null && (watch.isZero() || watch.isNegative())) {
      throw CommandException.usage("--watch: look again after more than 0 s");
    }
    if (watch == null) {
      return show("");
    }
    // Since Java 22 there is a console without a terminal, too.
    final Console console = System.console();
    final String before = console != null && console.isTerminal() && !json ? CLEAR : "";
    while (true) {
      show(before);
      Thread.sleep(watch);
    }
  }

  private int show(final String before) throws IOException {
    final PrintWriter out = spec.commandLine().getOut();
    if (name != null || spool != null) {
      final JsonNode status = one();
      out.print(before);
      if (json) {
        print(out, status);
      } else {
        StatusReport.facts(status).print(out);
      }
    } else {
      final List<String> silent = new ArrayList<>();
      final List<JsonNode> all = all(silent);
      out.print(before);
      if (json) {
        print(out, all);
      } else if (all.isEmpty() && silent.isEmpty()) {
        out.println("no recorder runs with a spool in " + RecordCommand.SPOOLS);
      } else if (!all.isEmpty()) {
        StatusReport.lines(all).print(out);
      }
      out.flush();
      silent.forEach(line -> spec.commandLine().getErr().println("blockcam: " + line));
      return silent.isEmpty() ? ExitCode.DONE : ExitCode.ENVIRONMENT;
    }
    out.flush();
    return ExitCode.DONE;
  }

  /** While it is watched a line each time. */
  private void print(final PrintWriter out, final Object value) {
    if (watch == null) {
      Json.print(out, value);
    } else {
      out.println(Json.line(value));
    }
  }

  private JsonNode one() throws IOException {
    try (RunningRecorder recorder = RecorderOptions.find(name, spool)) {
      return recorder.status();
    }
  }

  /**
   * Those that answer; the others are none the worse for one that does not.
   *
   * @param silent receives what is wrong with each of those, in a line
   */
  private static List<JsonNode> all(final List<String> silent) throws IOException {
    final List<JsonNode> all = new ArrayList<>();
    if (!Files.isDirectory(RecordCommand.SPOOLS)) {
      return all;
    }
    try (Stream<Path> spools = Files.list(RecordCommand.SPOOLS)) {
      for (final Path directory : spools.sorted().toList()) {
        final Optional<RunningRecorder> found = RunningRecorder.find(directory);
        if (found.isPresent()) {
          try (RunningRecorder recorder = found.get()) {
            all.add(recorder.status());
          } catch (final IOException e) {
            silent.add(directory + ": " + Messages.of(e));
          }
        }
      }
    }
    return all;
  }
}
