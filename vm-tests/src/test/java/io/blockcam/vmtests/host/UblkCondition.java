package io.blockcam.vmtests.host;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;

/** Whether this machine and user can have ublk devices. */
final class UblkCondition implements ExecutionCondition {

  private static final Path CONTROL = Path.of("/dev/ublk-control");

  @Override
  public ConditionEvaluationResult evaluateExecutionCondition(final ExtensionContext context) {
    if (!Files.exists(CONTROL)) {
      return ConditionEvaluationResult.disabled(
          "no " + CONTROL + " here (no ublk driver): scripts/test runs this in a test host");
    }
    if (!"root".equals(System.getProperty("user.name"))) {
      return ConditionEvaluationResult.disabled("not root: only root can make ublk devices");
    }
    return ConditionEvaluationResult.enabled(CONTROL + " is here");
  }
}
