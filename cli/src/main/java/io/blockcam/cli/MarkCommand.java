package io.blockcam.cli;

import io.blockcam.archive.record.RecordDescriptor;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code blockcam mark}: a name for this moment. */
@Command(
    name = "mark",
    description = "Names this moment of a disk that is being recorded.",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    footer = {
      "",
      "The moment can be asked for by --at mark:TEXT, once it is published. Of several marks with the"
          + " same text the newest counts.",
      "",
      "Example:",
      "  blockcam mark web1 'before the upgrade'",
      "  blockcam replay --archive file:///srv/archive --name web1 --at 'mark:before the upgrade' --to b.img"
    })
final class MarkCommand implements Callable<Integer> {

  @Mixin RecorderOptions options = new RecorderOptions();

  @Parameters(index = "1", paramLabel = "TEXT", description = "The name of the moment.")
  String text = "";

  @Spec CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() throws IOException {
    final byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    if (text.isBlank()
        || bytes.length > RecordDescriptor.BLOCK_BYTES
        || text.chars().anyMatch(Character::isISOControl)) {
      throw CommandException.usage(
          "TEXT has 1 to 4096 bytes, not all blanks, and no control characters");
    }
    try (RunningRecorder recorder = options.find()) {
      spec.commandLine().getOut().printf("marked seq:%d%n", recorder.mark(bytes));
      spec.commandLine().getOut().flush();
    }
    return ExitCode.DONE;
  }
}
