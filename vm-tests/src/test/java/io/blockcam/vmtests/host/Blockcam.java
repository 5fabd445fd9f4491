package io.blockcam.vmtests.host;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** The {@code blockcam} command of the checkout, run as a user runs it. */
public final class Blockcam {

  private static final Duration COMMAND_LIMIT = Limits.seconds(180);

  private Blockcam() {}

  /** Runs a command that ends by itself. */
  public static Shell.Result run(final Object... arguments) {
    return Shell.execute(COMMAND_LIMIT, process(Checkout.file("bin/blockcam"), arguments));
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
