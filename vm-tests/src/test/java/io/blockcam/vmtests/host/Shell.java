package io.blockcam.vmtests.host;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Runs commands in bounded time and keeps what they print. */
public final class Shell {

  private static final Duration DEFAULT_LIMIT = Limits.seconds(120);

  /**
   * How a command ended.
   *
   * @param status exit status; 128 + signal when a signal ended it
   */
  public record Result(List<String> command, int status, String out, String err) {

    /** Fails the test, with all that was printed, unless the status is 0. */
    public Result shouldSucceed() {
      return shouldEndWith(0);
    }

    /** Fails the test, with all that was printed, unless the status is this. */
    public Result shouldEndWith(final int expected) {
      if (status != expected) {
        throw new AssertionError("expected exit status " + expected + " of " + this);
      }
      return this;
    }

    @Override
    public String toString() {
      return "%s%nexit status %d%n--- stdout%n%s--- stderr%n%s---"
          .formatted(String.join(" ", command), status, out, err);
    }
  }

  private Shell() {}

  /** Runs a command that must succeed; what it printed on standard output. */
  public static String run(final String... command) {
    return execute(DEFAULT_LIMIT, command).shouldSucceed().out();
  }

  /** Runs a script of /bin/sh that must succeed; {@code arguments} are its $1, $2 ... */
  public static String sh(final String script, final Object... arguments) {
    final String[] command = new String[4 + arguments.length];
    command[0] = "sh";
    command[1] = "-ec";
    command[2] = script;
    command[3] = "sh";
    for (int i = 0; i < arguments.length; i++) {
      command[4 + i] = arguments[i].toString();
    }
    return run(command);
  }

  /** Runs a command to its end, or fails the test after the limit. */
  public static Result execute(final Duration limit, final String... command) {
    return execute(limit, new ProcessBuilder(command));
  }

  /** Runs a command to its end, or fails the test after the limit. */
  public static Result execute(final Duration limit, final ProcessBuilder builder) {
    try {
      final Path out = Files.createTempFile("shell", ".out");
      final Path err = Files.createTempFile("shell", ".err");
      try {
        final Process process =
            builder
                .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                .redirectOutput(out.toFile())
                .redirectError(err.toFile())
                .start();
        final boolean ended = process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS);
        if (!ended) {
          process.descendants().forEach(ProcessHandle::destroyForcibly);
          process.destroyForcibly();
          throw new AssertionError(
              "no end within %s: %s"
                  .formatted(limit, new Result(builder.command(), -1, text(out), text(err))));
        }
        return new Result(builder.command(), process.exitValue(), text(out), text(err));
      } finally {
        Files.deleteIfExists(out);
        Files.deleteIfExists(err);
      }
    } catch (final IOException e) {
      throw new UncheckedIOException(e);
    } catch (final InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError("interrupted in " + builder.command(), e);
    }
  }

  static String text(final Path file) throws IOException {
    return new String(Files.readAllBytes(file), UTF_8);
  }
}
