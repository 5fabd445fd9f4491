package io.blockcam.store;

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
  private static final int FIRST_PORT = 24_000;
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
              .getOrComputeIfAbsent(
                  HdfsProcesses.class, key -> HdfsProcesses.start(FIRST_PORT), HdfsProcesses.class)
              .uri();
    }
    final String end = uri.endsWith("/") ? "" : "/";
    return StoreUri.parse(uri + end + "blockcam-tests/" + UUID.randomUUID());
  }
}
