package io.blockcam.vmtests.host;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** The {@code blockcam} command of the checkout, run as a user runs it. */
public final class Blockcam {

  private static final Duration COMMAND_LIMIT = Limits.seconds(180);

  private Blockcam() {}

  /** Runs a command that ends by itself. */
  public static Shell.Result run(final Object... arguments) {
    final ProcessBuilder builder = process(Checkout.file("bin/blockcam"), arguments);
    // For seconds of work the second compiler costs more than it gains, above all in a test host.
    builder.environment().put("BLOCKCAM_JAVA_OPTS", "-XX:TieredStopAtLevel=1");
    return Shell.execute(COMMAND_LIMIT, builder);
  }

  /**
   * Runs a command in this JVM, for tests that need many; fails the test unless it succeeds.
   *
   * @return what it printed
   */
  public static String runHere(final Object... arguments) {
    final StringWriter out = new StringWriter();
    final StringWriter err = new StringWriter();
    final int status =
        io.blockcam.cli.Blockcam.execute(
            io.blockcam.cli.Blockcam.commandLine()
                .setOut(new PrintWriter(out))
                .setErr(new PrintWriter(err)),
            Stream.of(arguments).map(Object::toString).toArray(String[]::new));
    return new Shell.Result(
            Stream.of(arguments).map(Object::toString).toList(),
            status,
            out.toString(),
            err.toString())
        .shouldSucceed()
        .out();
  }

  /** Runs a command that must succeed and prints JSON. */
  public static JsonNode json(final Object... arguments) {
    final Shell.Result result = run(arguments).shouldSucceed();
    try {
      return new ObjectMapper().readTree(result.out());
    } catch (final IOException e) {
      throw new UncheckedIOException("not JSON: " + result, e);
    }
  }

  /** Starts {@code record} or {@code serve} and waits until its device is live. */
  public static LiveDisk start(final Object... arguments) {
    return LiveDisk.start(process(Checkout.file("bin/blockcam"), arguments));
  }

  static ProcessBuilder process(final Path binary, final Object... arguments) {
    final List<String> command = new ArrayList<>();
    command.add(binary.toString());
    for (final Object argument : arguments) {
      command.add(argument.toString());
    }
    final ProcessBuilder builder = new ProcessBuilder(command);
    // Saves the launcher the search: every start of a JVM counts in a test host.
    builder
        .environment()
        .put("BLOCKCAM_JAVA", Path.of(System.getProperty("java.home"), "bin", "java").toString());
    return builder;
  }
}
