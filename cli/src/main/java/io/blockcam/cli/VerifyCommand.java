package io.blockcam.cli;

import io.blockcam.history.Gap;
import io.blockcam.replay.Verifier;
import io.blockcam.store.ObjectStore;
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

/** {@code blockcam verify}: proves that a recording is whole, or names what is wrong. */
@Command(
    name = "verify",
    description = "Checks every checksum, every digest and the chain; names what is wrong.",
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "Exit status 0: the record is whole; 1: it is not, and each fault is told.",
      "",
      "Whoever interrupts it is told where --from goes on.",
      "",
      "Examples:",
      "  blockcam verify --archive webhdfs://namenode:9870/blockcam --name web1",
      "  blockcam verify --archive webhdfs://namenode:9870/blockcam --name web1 --from 5000"
    })
final class VerifyCommand implements Callable<Integer> {

  private static final String SIGNED = "this version knows no kind of signature";

  @Mixin RecordingOptions options = new RecordingOptions();

  @Option(
      names = "--from",
      paramLabel = "N",
      defaultValue = "0",
      description = "Begin with segment N; those before it are taken for sound.")
  long from;

  @Option(names = "--json", description = "Print JSON instead of text.")
  boolean json;

  @Spec CommandSpec spec = CommandSpec.create();

  private static void forget(final Thread hook) {
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (final IllegalStateException e) {
      // It runs.
    }
  }

  @Override
  public Integer call() throws IOException {
    final List<String> findings = new ArrayList<>();
    final PrintWriter out = spec.commandLine().getOut();
    final Verifier.Result result;
    if (from < 0) {
      throw CommandException.usage("--from " + from + " is negative");
    }
    try (ObjectStore store = options.openStore();
        ProgressLine progress = new ProgressLine()) {
      final Verifier verifier = new Verifier(options.recording(store), from);
      final Thread interrupted =
          new Thread(
              () ->
                  System.err.printf("blockcam: interrupted; --from %d goes on%n", verifier.next()));
      Runtime.getRuntime().addShutdownHook(interrupted);
      try {
        result =
            verifier.run(
                finding -> {
                  findings.add(finding);
                  if (!json) {
                    progress.close();
                    out.println(Printable.of(finding));
                    out.flush();
                  }
                },
                (done, total) -> progress.update("verifying", done, total));
      } finally {
        forget(interrupted);
      }
    }
    if (json) {
      final Map<String, Object> facts = new LinkedHashMap<>();
      facts.put("recording", options.name);
      facts.put("whole", result.isWhole());
      facts.put("from", from);
      facts.put("segments", result.segments());
      facts.put("records", result.records());
      facts.put("bytes", result.bytes());
      facts.put("signedNotChecked", result.signed());
      facts.put("findings", findings);
      facts.put("epochsWithoutEnd", result.endless());
      facts.put("gaps", result.gaps().stream().map(GapReport::json).toList());
      Json.print(out, facts);
    } else {
      for (final long epoch : result.endless()) {
        out.printf(
            "epoch %d has no end: its recorder is running, or was killed, or lost its power%n",
            epoch);
      }
      for (final Gap gap : result.gaps()) {
        out.println("gap " + GapReport.text(gap));
      }
      if (result.signed() > 0) {
        out.printf("%d segments are signed, not checked: %s%n", result.signed(), SIGNED);
      }
      out.printf(
          "%s: %d segments, %d records, %s verified: %s%n",
          options.name,
          result.segments(),
          result.records(),
          Size.format(result.bytes()),
          verdict(result));
      out.flush();
    }
    return result.isWhole() ? ExitCode.DONE : ExitCode.NO;
  }

  /** Whole is what nothing is missing of; and only what was looked at. */
  private String verdict(final Verifier.Result result) {
    if (!result.isWhole()) {
      return result.findings() + " faults";
    }
    final String part = from == 0 ? "the record is whole" : "whole from segment " + from + " on";
    return result.gaps().isEmpty()
        ? part
        : "%s, but for the %d gaps that it tells of".formatted(part, result.gaps().size());
  }
}
