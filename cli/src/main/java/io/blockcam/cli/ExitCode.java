package io.blockcam.cli;

/** What the exit status of every command means. */
public final class ExitCode {

  /** Done. */
  public static final int DONE = 0;

  /** The answer is no: not found, verification failed. */
  public static final int NO = 1;

  /** Bad usage: an option, a value, an argument. */
  public static final int USAGE = 2;

  /** The environment lacks something: no driver, no permission, store unreachable. */
  public static final int ENVIRONMENT = 3;

  /** As told, ended and left the device to the next start: for a service manager to begin that. */
  public static final int LEFT = 4;

  private ExitCode() {}
}
