package io.blockcam.store;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/**
 * Gives tests a parameter of type {@link StoreUri.WebHdfs}: a new directory of a real HDFS.
 *
 * <p>{@code BLOCKCAM_HDFS_URI=webhdfs://host:port} names one that runs; {@code BLOCKCAM_HDFS=start}
 * starts one with {@code scripts/hdfs} and stops it after the last test. With neither the tests are
 * skipped.
 */
public final class HdfsForTests implements ExecutionCondition, ParameterResolver {
  private static final String SKIPPED =
      "no HDFS: set BLOCKCAM_HDFS=start, or BLOCKCAM_HDFS_URI to the URI of one that runs";

  @Override
  public ConditionEvaluationResult evaluateExecutionCondition(final ExtensionContext context) {
    return given().isEmpty() && !"start".equals(System.getenv("BLOCKCAM_HDFS"))
        ? ConditionEvaluationResult.disabled(SKIPPED)
        : ConditionEvaluationResult.enabled("there is an HDFS");
  }

  private static String given() {
    final String uri = System.getenv("BLOCKCAM_HDFS_URI");
    return uri == null ? "" : uri;
  }

  @Override
  public boolean supportsParameter(
      final ParameterContext parameter, final ExtensionContext context) {
    return parameter.getParameter().getType() == StoreUri.WebHdfs.class;
  }

  @Override
  public Object resolveParameter(final ParameterContext parameter, final ExtensionContext context) {
    String uri = given();
    if (uri.isEmpty()) {
      // Kept by the root context: one HDFS for all tests of this process, stopped at its end.
      uri =
          context
              .getRoot()
              .getStore(ExtensionContext.Namespace.create(HdfsForTests.class))
              .getOrComputeIfAbsent(Running.class, key -> Running.start(), Running.class)
              .uri();
    }
    final String end = uri.endsWith("/") ? "" : "/";
    return StoreUri.parse(uri + end + "blockcam-tests/" + UUID.randomUUID());
  }

  /** An HDFS that was started here. */
  private record Running(String uri, Path script, Path dir) implements AutoCloseable {

    private static Running start() {
      try {
        Path root = Path.of("").toAbsolutePath();
        while (!Files.isExecutable(root.resolve("scripts/hdfs"))) {
          root = root.getParent();
          if (root == null) {
            throw new IllegalStateException("scripts/hdfs is not in a directory above this one");
          }
        }
        final Path script = root.resolve("scripts/hdfs");
        final Path dir = Files.createTempDirectory("blockcam-test-hdfs");
        // Several modules may be tested at the same time.
        final int portBase = 24_000 + (int) (ProcessHandle.current().pid() % 500) * 10;
        final String uri =
            run(script, "start", "--dir", dir.toString(), "--port-base", "" + portBase).strip();
        return new Running(uri, script, dir);
      } catch (final IOException e) {
        throw new IllegalStateException(e);
      }
    }

    private static String run(final Path script, final String... arguments) throws IOException {
      final ProcessBuilder builder = new ProcessBuilder(script.toString());
      builder.command().addAll(List.of(arguments));
      final Process process = builder.redirectError(ProcessBuilder.Redirect.INHERIT).start();
      final String output;
      try (InputStream in = process.getInputStream()) {
        output = new String(in.readAllBytes(), StandardCharsets.UTF_8);
      }
      try {
        final int status = process.waitFor();
        if (status != 0) {
          throw new IllegalStateException(builder.command() + " ended with status " + status);
        }
      } catch (final InterruptedException e) {
        process.destroy();
        throw new IllegalStateException(e);
      }
      return output;
    }

    @Override
    public void close() throws IOException {
      run(script, "stop", "--dir", dir.toString());
      try (var files = Files.walk(dir)) {
        for (final Path file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.deleteIfExists(file);
        }
      }
    }
  }
}
