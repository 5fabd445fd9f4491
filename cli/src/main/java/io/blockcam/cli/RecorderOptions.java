package io.blockcam.cli;

import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** A recorder that runs on this machine. */
final class RecorderOptions {

  @Parameters(index = "0", paramLabel = "NAME", description = "Name of the recording.")
  String name = "";

  @Option(
      names = "--spool",
      paramLabel = "DIR",
      description = "Its spool (default: /var/lib/blockcam/spool/NAME).")
  @Nullable Path spool;

  /** Finds it; to be closed. */
  RunningRecorder find() throws IOException {
    return find(name, spool);
  }

  /**
   * Finds one; to be closed.
   *
   * @param name of the recording; null when the spool is enough
   * @param spool null for the usual place
   */
  static RunningRecorder find(final @Nullable String name, final @Nullable Path spool)
      throws IOException {
    final Path directory =
        spool == null
            ? RecordCommand.SPOOLS.resolve(ArchiveOptions.checkName(name == null ? "" : name))
            : spool;
    return RunningRecorder.find(directory)
        .orElseThrow(
            () ->
                CommandException.no(
                    "no recorder%s runs with the spool %s"
                        .formatted(name == null ? "" : " of '" + name + "'", directory)));
  }
}
