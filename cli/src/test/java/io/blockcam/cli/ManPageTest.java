package io.blockcam.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

/** The man page knows every command and every option. */
final class ManPageTest {

  private final String page = page();

  @Test
  void tellsOfEveryCommand() {
    assertThat(Blockcam.commandLine().getSubcommands().keySet())
        .allSatisfy(command -> assertThat(page).contains("\n.B " + command + "\n"));
  }

  @Test
  void tellsOfEveryOption() {
    for (final CommandLine command : Blockcam.commandLine().getSubcommands().values()) {
      for (final OptionSpec option : command.getCommandSpec().options()) {
        assertThat(page)
            .as("%s of %s", option.longestName(), command.getCommandName())
            .contains(option.longestName());
      }
    }
  }

  private static String page() {
    try {
      return Files.readString(Path.of("src/main/man/blockcam.1")).replace("\\-", "-");
    } catch (final IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
