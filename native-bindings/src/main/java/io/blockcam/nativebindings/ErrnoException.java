package io.blockcam.nativebindings;

import java.io.IOException;
import java.io.Serial;
import java.util.Arrays;
import java.util.stream.Collectors;

/**
 * A system call that failed: which call, with which arguments, why; all in one line.
 *
 * <p>For control code. The way of an I/O looks at the {@code -errno} itself and never throws.
 */
public final class ErrnoException extends IOException {
  @Serial private static final long serialVersionUID = 1L;

  private final String call;
  private final String arguments;
  private final int errno;

  /**
   * Describes a failed call; {@link #orThrow(int, String, Object...)} does so when it failed.
   *
   * @param call the name of the call as in its manual page
   * @param arguments the arguments worth reading, already formatted
   * @param errno the positive error number
   */
  public ErrnoException(final String call, final String arguments, final int errno) {
    super(call + "(" + arguments + "): " + Errno.describe(errno));
    this.call = call;
    this.arguments = arguments;
    this.errno = errno;
  }

  /** The name of the call that failed, for example {@code open}. */
  public String call() {
    return call;
  }

  /** The arguments that were given, formatted, separated by commas. */
  public String arguments() {
    return arguments;
  }

  /** The error number, positive: one of {@code Linux.E...()}. */
  public int errno() {
    return errno;
  }

  /**
   * Passes the result of a call on, or throws when it is an error.
   *
   * @param result what a method of {@link Posix} returned
   * @param call the name of the call as in its manual page
   * @param arguments what to tell of its arguments
   * @return {@code result}, at least 0
   * @throws ErrnoException when {@code result} is a negated error number
   */
  public static int orThrow(final int result, final String call, final Object... arguments)
      throws ErrnoException {
    return (int) orThrow((long) result, call, arguments);
  }

  /**
   * Passes the result of a call on, or throws when it is an error.
   *
   * @param result what a method of {@link Posix} returned
   * @param call the name of the call as in its manual page
   * @param arguments what to tell of its arguments
   * @return {@code result}, at least 0
   * @throws ErrnoException when {@code result} is a negated error number
   */
  public static long orThrow(final long result, final String call, final Object... arguments)
      throws ErrnoException {
    if (result < 0) {
      final String text =
          Arrays.stream(arguments).map(String::valueOf).collect(Collectors.joining(", "));
      throw new ErrnoException(call, text, (int) -result);
    }
    return result;
  }
}
