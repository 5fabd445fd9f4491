package io.blockcam.cli;

import io.blockcam.export.ExportException;
import io.blockcam.export.ParquetExport;
import io.blockcam.history.RecordingReader;
import io.blockcam.store.ObjectStore;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code blockcam export}: the records as files that other programs read by themselves. */
@Command(
    name = "export",
    description = "Writes all records, without their content, as Parquet files.",
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "DIR gets recording=NAME/day=YYYY-MM-DD/FIRST-LAST.parquet, named for segments; days are of UTC."
          + " What is there is not written again, so this may be stopped and repeated, and adds what"
          + " has been recorded meanwhile. Columns are those of docs/spark.md.",
      "",
      "Examples:",
      "  blockcam export --archive file:///srv/archive --name web1 --to /srv/parquet",
      "  duckdb -c \"SELECT kind, count(*) FROM '/srv/parquet/**/*.parquet' GROUP BY kind\""
    })
final class ExportCommand implements Callable<Integer> {

  /** What can be written. */
  enum Format {
    PARQUET;

    /** As the user writes it. */
    @Override
    public String toString() {
      return Words.option(this);
    }
  }

  @Mixin RecordingOptions options = new RecordingOptions();

  @Option(
      names = "--format",
      paramLabel = "F",
      defaultValue = "parquet",
      description = "parquet, the only one.")
  Format format = Format.PARQUET;

  @Option(
      names = "--to",
      paramLabel = "DIR",
      required = true,
      description = "Where to; it is made if it does not exist.")
  Path directory = Path.of("");

  @Option(names = "--json", description = "Print JSON instead of text.")
  boolean json;

  @Spec CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() throws IOException {
    try (ObjectStore store = options.openStore();
        ProgressLine progress = new ProgressLine()) {
      final RecordingReader reader = options.recording(store);
      final ParquetExport.Result result =
          new ParquetExport(
                  reader,
                  reader.find(),
                  directory,
                  (done, total) -> progress.segments("exporting", done, total))
              .run();
      progress.close();
      print(result);
      return ExitCode.DONE;
    } catch (final ExportException e) {
      throw CommandException.usage("--to: " + Messages.of(e));
    }
  }

  private void print(final ParquetExport.Result result) {
    final PrintWriter out = spec.commandLine().getOut();
    if (json) {
      final Map<String, Object> facts = new LinkedHashMap<>();
      facts.put("recording", options.name);
      facts.put("files", result.files());
      facts.put("records", result.records());
      facts.put("skippedSegments", result.skipped());
      Json.print(out, facts);
    } else {
      out.printf(
          "%s: %d records in %d files%s%n",
          options.name,
          result.records(),
          result.files(),
          result.skipped() > 0
              ? "; %d segments were there already".formatted(result.skipped())
              : "");
      out.flush();
    }
  }
}
