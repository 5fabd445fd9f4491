package io.blockcam.vmtests.host;

import java.util.Locale;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;

/** Prints one line per test, so that whoever waits sees how far it is and what takes long. */
final class Stopwatch implements BeforeEachCallback, AfterEachCallback {

  private static final Namespace SPACE = Namespace.create(Stopwatch.class);

  @Override
  public void beforeEach(final ExtensionContext context) {
    context.getStore(SPACE).put("began", System.nanoTime());
    // If the kernel dies or hangs now, this is the last line.
    System.out.printf("begins  %s%n", name(context));
  }

  @Override
  public void afterEach(final ExtensionContext context) {
    final long began = context.getStore(SPACE).getOrDefault("began", Long.class, System.nanoTime());
    System.out.printf(
        Locale.ROOT,
        "%6.1f s  %s  %s%n",
        (System.nanoTime() - began) / 1e9,
        context.getExecutionException().isPresent() ? "FAILED" : "ok    ",
        name(context));
  }

  private static String name(final ExtensionContext context) {
    return context.getRequiredTestClass().getSimpleName() + ": " + context.getDisplayName();
  }
}
