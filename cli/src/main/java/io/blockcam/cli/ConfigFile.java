package io.blockcam.cli;

import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.OptionSpec;

/**
 * Options from a file: {@code --config FILE}, a properties file with the names of the options
 * without dashes. What stands on the command line wins. A name that is no option is an error, not a
 * silence: a mistyped {@code on-full} must not become the default.
 */
final class ConfigFile implements CommandLine.IDefaultValueProvider {

  static final String OPTION = "--config";

  private final Properties properties;

  private ConfigFile(final Properties properties) {
    this.properties = properties;
  }

  /**
   * Makes the command that the arguments name take its defaults from the file they name. picocli
   * asks for defaults before it looks at the arguments, so the file's name is looked for here.
   */
  static void use(final CommandLine root, final String... args) {
    final CommandLine command = args.length == 0 ? null : root.getSubcommands().get(args[0]);
    if (command == null || command.getCommandSpec().findOption(OPTION) == null) {
      return;
    }
    for (int i = 1; i < args.length; i++) {
      if (args[i].equals(OPTION) && i + 1 < args.length) {
        command.setDefaultValueProvider(load(command, args[i + 1]));
      } else if (args[i].startsWith(OPTION + "=")) {
        command.setDefaultValueProvider(load(command, args[i].substring(OPTION.length() + 1)));
      }
    }
  }

  @Override
  public @Nullable String defaultValue(final ArgSpec arg) {
    return arg instanceof OptionSpec option
        ? properties.getProperty(option.longestName().replaceFirst("^-+", ""))
        : null;
  }

  private static ConfigFile load(final CommandLine command, final String file) {
    final Properties loaded = new Properties();
    try (Reader reader = Files.newBufferedReader(Path.of(file))) {
      loaded.load(reader);
    } catch (final NoSuchFileException e) {
      throw CommandException.usage("no such file: --config " + file);
    } catch (final IOException | IllegalArgumentException e) {
      throw CommandException.usage("cannot read --config " + file + ": " + Messages.of(e));
    }
    final Set<String> unknown = new TreeSet<>(loaded.stringPropertyNames());
    unknown.removeIf(name -> command.getCommandSpec().findOption("--" + name) != null);
    if (!unknown.isEmpty()) {
      throw CommandException.usage(
          "--config "
              + file
              + " has what is no option of "
              + command.getCommandName()
              + ": "
              + String.join(", ", unknown));
    }
    return new ConfigFile(loaded);
  }
}
