package io.blockcam.vmtests.host;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.PrintStream;
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
    return Shell.execute(COMMAND_LIMIT, process(Checkout.file("bin/blockcam"), arguments));
  }

  /**
   * Runs a command in this JVM, for tests that need many: in a test host the start of a JVM takes
   * longer than what most commands do.
   */
  public static Shell.Result runHere(final Object... arguments) {
    final StringWriter out = new StringWriter();
    final ByteArrayOutputStream logged = new ByteArrayOutputStream();
    final PrintStream err = System.err;
    final int status;
    System.setErr(new PrintStream(logged, /* autoFlush= */ true, UTF_8)); // where the log goes, too
    try {
      status =
          // checkstyle: InlineName (this class has the same)
          io.blockcam.cli.Blockcam.execute(
              io.blockcam.cli.Blockcam.commandLine()
                  .setOut(new PrintWriter(out))
                  .setErr(new PrintWriter(new OutputStreamWriter(System.err, UTF_8), true)),
              Stream.of(arguments).map(Object::toString).toArray(String[]::new));
    } finally {
      System.setErr(err);
    }
    return new Shell.Result(
        Stream.of(arguments).map(Object::toString).toList(),
        status,
        out.toString(),
        logged.toString(UTF_8));
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

  /** The same, with more options for its JVM. */
  static LiveDisk startWith(final String javaOptions, final Object... arguments) {
    final ProcessBuilder builder = process(Checkout.file("bin/blockcam"), arguments);
    builder
        .environment()
        .merge("BLOCKCAM_JAVA_OPTS", javaOptions, (before, more) -> before + ' ' + more);
    return LiveDisk.start(builder);
  }

  /** The same, without waiting for the device. */
  public static LiveDisk launch(final Object... arguments) {
    return LiveDisk.launch(process(Checkout.file("bin/blockcam"), arguments));
  }

  static ProcessBuilder process(final Path binary, final Object... arguments) {
    final List<String> command = new ArrayList<>();
    command.add(binary.toString());
    for (final Object argument : arguments) {
      command.add(argument.toString());
    }
    final ProcessBuilder builder = new ProcessBuilder(command);
    // The Java of the tests.
    builder
        .environment()
        .put("BLOCKCAM_JAVA", Path.of(System.getProperty("java.home"), "bin", "java").toString());
    return builder;
  }
}
