package io.blockcam.cli;

/** Ends a command with one line on standard error and an exit status. */
public final class CommandException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  private final int exitCode;

  private CommandException(final int exitCode, final String message) {
    super(message);
    this.exitCode = exitCode;
  }

  /** The answer is no. */
  public static CommandException no(final String message) {
    return new CommandException(ExitCode.NO, message);
  }

  /** The caller asked for something that cannot be meant. */
  public static CommandException usage(final String message) {
    return new CommandException(ExitCode.USAGE, message);
  }

  /** The machine, the network or a store lacks something. */
  public static CommandException environment(final String message) {
    return new CommandException(ExitCode.ENVIRONMENT, message);
  }

  public int exitCode() {
    return exitCode;
  }
}
