package io.blockcam.cli;

import io.blockcam.filesearch.HashListWriter;
import io.blockcam.filesearch.TargetFiles;
import io.blockcam.replay.NewFile;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code blockcam hash}: what files are known by, so that they need not be there to be found. */
@Command(
    name = "hash",
    description = "Makes a list of what files are known by, for `blockcam find --hashes`.",
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "The files themselves stay where they are: the list holds hashes of them and their names.",
      "",
      "Example:",
      "  blockcam hash ~/Documents --to documents.hashes"
    })
final class HashCommand implements Callable<Integer> {

  @Parameters(arity = "1..*", paramLabel = "FILE|DIR", description = "Files, or all files below.")
  List<Path> files = List.of();

  @Option(names = "--to", required = true, paramLabel = "FILE", description = "Where to write it.")
  Path to = Path.of("");

  @Option(names = "--force", description = "Replace an existing file.")
  boolean force;

  @Spec CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() throws IOException {
    for (final Path file : files) {
      if (!Files.exists(file)) {
        throw CommandException.usage(file + ": no such file or directory");
      }
    }
    final boolean[] complete = {true};
    final long read =
        NewFile.make(
            to,
            force,
            file -> {
              try (OutputStream out = new BufferedOutputStream(file.stream(), 1 << 16);
                  HashListWriter list = new HashListWriter(out)) {
                final long count =
                    TargetFiles.read(
                        files,
                        list,
                        (path, why) -> {
                          complete[0] = false;
                          spec.commandLine()
                              .getErr()
                              .println("blockcam: " + Messages.of(path, why));
                        });
                list.finish();
                return count;
              }
            });
    spec.commandLine().getOut().printf("%s: %d files%n", Printable.of(to.toString()), read);
    spec.commandLine().getOut().flush();
    return complete[0] ? ExitCode.DONE : ExitCode.NO;
  }
}
