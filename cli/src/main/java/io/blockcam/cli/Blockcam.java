package io.blockcam.cli;

import io.blockcam.archive.RecordingFormatException;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.archive.segment.SegmentException;
import io.blockcam.filesearch.HashListException;
import io.blockcam.replay.ImageFileException;
import io.blockcam.ublk.target.BackingException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The {@code blockcam} command. */
@Command(
    name = "blockcam",
    description = "A surveillance camera for a disk: records every write, brings back any moment.",
    synopsisSubcommandLabel = "COMMAND",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    footer = {
      "",
      "Exit status: 0 done; 1 the answer is no (not found, verification failed);",
      "2 bad usage; 3 the environment lacks something (no ublk driver, no permission,",
      "store unreachable).",
      "",
      "`blockcam help COMMAND` shows the options of a command, with examples.",
      "`blockcam make-cache` makes commands start faster, after another Java was installed."
    })
public final class Blockcam {

  /** In the order in which the help shows them. */
  private static final List<Class<?>> COMMANDS =
      List.of(
          RecordCommand.class,
          ServeCommand.class,
          ListCommand.class,
          InfoCommand.class,
          ReplayCommand.class,
          AttachCommand.class,
          VerifyCommand.class,
          LogCommand.class,
          DiffCommand.class,
          FindCommand.class,
          HashCommand.class,
          ExportCommand.class,
          IndexCommand.class,
          MarkCommand.class,
          StopCommand.class,
          StatusCommand.class,
          SetCommand.class,
          ReapCommand.class,
          CommandLine.HelpCommand.class);

  private Blockcam() {}

  /** Runs a command and ends the process with its exit status. */
  public static void main(final String[] args) {
    // Always explicitly: a failed command must not be kept alive by a thread of its device.
    int status;
    try {
      status = execute(commandLine(args), args);
    } catch (final OutOfMemoryError e) {
      System.err.printf(
          "blockcam: out of memory with a heap of %d MiB (%s); set BLOCKCAM_HEAP to more%n",
          Runtime.getRuntime().maxMemory() >> 20, e.getMessage());
      status = ExitCode.ENVIRONMENT;
    } catch (final LinkageError e) {
      System.err.printf(
          "blockcam: a library cannot be loaded: %s; where TMPDIR says, files must be allowed to be"
              + " written and run%n",
          e.getMessage());
      status = ExitCode.ENVIRONMENT;
    } catch (final Throwable e) { // whatever it is: as a kill, and no thread may go on without it
      System.err.printf("blockcam: unexpected error, please report it: %s%n", e);
      e.printStackTrace();
      status = ExitCode.ENVIRONMENT;
    }
    StopSignal.exit(status);
  }

  /** Runs a command in this process; its exit status. */
  public static int execute(final CommandLine commandLine, final String... args) {
    try {
      refuseWhatIsNoText(args);
      ConfigFile.use(commandLine, args);
    } catch (final CommandException e) {
      commandLine.getErr().println("blockcam: " + Messages.of(e));
      return e.exitCode();
    }
    return commandLine.execute(args);
  }

  /** Bytes that are no text in the locale's encoding are U+FFFD here: it would be another file. */
  private static void refuseWhatIsNoText(final String... args) {
    for (final String argument : args) {
      if (argument.indexOf('\ufffd') >= 0) {
        throw CommandException.usage(
            "'%s' is not text in the encoding of this locale, %s; use another name, or a locale such as C.UTF-8"
                .formatted(argument, System.getProperty("sun.jnu.encoding")));
      }
    }
  }

  /** The command with all its subcommands, as picocli sees it. */
  public static CommandLine commandLine() {
    return commandLine(COMMANDS);
  }

  /**
   * The same for one run: if the arguments begin with the name of a command, only that one is set
   * up, since to read the annotations of all takes longer than most commands.
   */
  static CommandLine commandLine(final String... arguments) {
    final String first = arguments.length == 0 ? "" : arguments[0];
    if (first.equals("--version") || first.equals("-V")) {
      return commandLine(List.of());
    }
    return commandLine(
        COMMANDS.stream()
            .filter(command -> command != CommandLine.HelpCommand.class) // tells of the others
            .filter(command -> command.getAnnotation(Command.class).name().equals(first))
            .findAny()
            .map(List::<Class<?>>of)
            .orElse(COMMANDS));
  }

  private static CommandLine commandLine(final List<Class<?>> commands) {
    final CommandLine commandLine = new CommandLine(new Blockcam());
    commands.forEach(commandLine::addSubcommand);
    commandLine.registerConverter(Size.class, Blockcam::size);
    commandLine.registerConverter(Duration.class, Blockcam::duration);
    commandLine.registerConverter(RecordKind.class, Blockcam::kind);
    commandLine.setUsageHelpWidth(100);
    commandLine.setCaseInsensitiveEnumValuesAllowed(true);
    commandLine.setParameterExceptionHandler(
        (e, args) -> {
          e.getCommandLine().getErr().println("blockcam: " + Messages.of(e));
          e.getCommandLine()
              .getErr()
              .println("Try `" + e.getCommandLine().getCommandSpec().qualifiedName() + " --help`.");
          return ExitCode.USAGE;
        });
    commandLine.setExecutionExceptionHandler(Blockcam::report);
    return commandLine;
  }

  private static RecordKind kind(final String text) {
    for (final RecordKind kind : RecordKind.values()) {
      if (kind.word().equals(text)) {
        return kind;
      }
    }
    throw new CommandLine.TypeConversionException("'" + text + "' is no kind of record");
  }

  private static Size size(final String text) {
    try {
      return Size.parse(text);
    } catch (final IllegalArgumentException e) {
      throw new CommandLine.TypeConversionException(Messages.of(e));
    }
  }

  private static Duration duration(final String text) {
    try {
      return HumanDuration.parse(text);
    } catch (final IllegalArgumentException e) {
      throw new CommandLine.TypeConversionException(Messages.of(e));
    }
  }

  /** One line for people; the trace only where somebody asked for it by -Dblockcam.trace. */
  private static int report(
      final Exception e, final CommandLine commandLine, final CommandLine.ParseResult result) {
    final PrintWriter err = commandLine.getErr();
    err.println("blockcam: " + Messages.of(e));
    final int code = exitCode(e);
    if (Boolean.getBoolean("blockcam.trace")) {
      final StringWriter trace = new StringWriter();
      e.printStackTrace(new PrintWriter(trace));
      err.print(trace);
    } else if (code < 0) {
      final Logger log = LoggerFactory.getLogger(Blockcam.class);
      log.error("unexpected error; please report it", e);
    }
    err.flush();
    return code < 0 ? ExitCode.ENVIRONMENT : code;
  }

  /** The exit status an exception stands for, or -1 for one that nobody expected. */
  private static int exitCode(final Throwable e) {
    if (e instanceof UncheckedIOException unchecked && unchecked.getCause() != null) {
      return exitCode(unchecked.getCause());
    }
    return switch (e) {
      case CommandException command -> command.exitCode();
      case BackingException backing ->
          backing.kind() == BackingException.Kind.USAGE ? ExitCode.USAGE : ExitCode.ENVIRONMENT;
      case ImageFileException file ->
          file.kind() == ImageFileException.Kind.EXISTS ? ExitCode.USAGE : ExitCode.ENVIRONMENT;
      case HashListException list -> ExitCode.USAGE;
      case SegmentException damage -> ExitCode.NO;
      case RecordingFormatException damage -> ExitCode.NO;
      case IOException other -> ExitCode.ENVIRONMENT;
      default -> -1;
    };
  }
}
