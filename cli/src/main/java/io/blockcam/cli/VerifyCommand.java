package io.blockcam.cli;

import io.blockcam.archive.segment.SegmentException;
import io.blockcam.history.Gap;
import io.blockcam.history.IndexVerifier;
import io.blockcam.history.RecordingReader;
import io.blockcam.replay.Verifier;
import io.blockcam.store.ObjectStore;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
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
      "Exit status 0: the record is whole, and the index as well; 1: not so, and each fault is told.",
      "",
      "Whoever interrupts it is told where --from goes on.",
      "",
      "Examples:",
      "  blockcam verify --archive webhdfs://namenode:9870/blockcam --name web1",
      "  blockcam verify --archive webhdfs://namenode:9870/blockcam --name web1 --from 5000",
      "  blockcam verify --archive file:///srv/archive --name web1 --index"
    })
final class VerifyCommand implements Callable<Integer> {

  private static final int SEGMENTS_AT_ONCE = 4;
  private static final String SIGNED = "this version knows no kind of signature";

  @Mixin RecordingOptions options = new RecordingOptions();

  @Option(
      names = "--from",
      paramLabel = "N",
      defaultValue = "0",
      description = "Begin with segment N; those before it are taken for sound.")
  long from;

  @Option(
      names = "--index",
      description =
          "Compare the index with the segments, too: whether each run says what they say.")
  boolean index;

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
    if (from < 0) {
      throw CommandException.usage("--from " + from + " is negative");
    }
    final Verifier.Result result;
    final OptionalLong runs;
    final List<String> findings = new ArrayList<>();
    final List<String> indexFindings = new ArrayList<>();
    try (ObjectStore store = options.openStore();
        ProgressLine progress = new ProgressLine()) {
      result = verify(store, progress, findings);
      runs =
          index
              ? OptionalLong.of(verifyIndex(store, progress, indexFindings))
              : OptionalLong.empty();
    }
    final PrintWriter out = spec.commandLine().getOut();
    if (json) {
      Json.print(out, facts(result, findings, runs, indexFindings));
    } else {
      print(out, result);
      runs.ifPresent(compared -> print(out, compared, indexFindings));
      out.flush();
    }
    return result.isWhole() && indexFindings.isEmpty() ? ExitCode.DONE : ExitCode.NO;
  }

  private Verifier.Result verify(
      final ObjectStore store, final ProgressLine progress, final List<String> findings)
      throws IOException {
    final Verifier verifier = new Verifier(options.recording(store), from);
    final Thread interrupted =
        new Thread(
            () -> System.err.printf("blockcam: interrupted; --from %d goes on%n", verifier.next()));
    Runtime.getRuntime().addShutdownHook(interrupted);
    try {
      return verifier.run(
          finding -> tell(finding, progress, findings),
          (done, total) -> progress.bytes("verifying", done, total));
    } finally {
      forget(interrupted);
    }
  }

  private void tell(
      final String finding, final ProgressLine progress, final List<String> findings) {
    findings.add(finding);
    if (!json) {
      progress.close();
      final PrintWriter out = spec.commandLine().getOut();
      out.println(Printable.of(finding));
      out.flush();
    }
  }

  private Map<String, Object> facts(
      final Verifier.Result result,
      final List<String> findings,
      final OptionalLong runs,
      final List<String> indexFindings) {
    final Map<String, Object> facts = new LinkedHashMap<>();
    facts.put("recording", options.name);
    facts.put("whole", result.isWhole());
    facts.put("from", from);
    facts.put("segments", result.segments());
    facts.put("records", result.records());
    facts.put("bytes", result.bytes());
    facts.put("signedNotChecked", result.signed());
    facts.put("findings", findings);
    if (runs.isPresent()) {
      facts.put("runs", runs.getAsLong());
      facts.put("indexFindings", indexFindings);
    }
    facts.put("epochsWithoutEnd", result.endless());
    facts.put("gaps", result.gaps().stream().map(GapReport::json).toList());
    return facts;
  }

  private void print(final PrintWriter out, final Verifier.Result result) {
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
  }

  private static void print(final PrintWriter out, final long runs, final List<String> findings) {
    out.printf(
        "index: %d runs compared: %s%n",
        runs,
        findings.isEmpty()
            ? "they say what the segments say"
            : findings.size() + " faults; `blockcam index --check` makes it anew");
  }

  /** Of segments that are damaged there is nothing to compare it with: that is told, too. */
  private long verifyIndex(
      final ObjectStore store, final ProgressLine progress, final List<String> findings)
      throws IOException {
    final RecordingReader reader = options.recording(store);
    try {
      return new IndexVerifier(reader, reader.find(), SEGMENTS_AT_ONCE)
          .run(
              (path, problem) -> tell(problem, progress, findings),
              (done, total) -> progress.segments("comparing", done, total));
    } catch (final SegmentException e) {
      tell("the index cannot be compared: " + e.getMessage(), progress, findings);
      return 0;
    }
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
