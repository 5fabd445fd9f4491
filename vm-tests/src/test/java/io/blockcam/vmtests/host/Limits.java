package io.blockcam.vmtests.host;

import java.time.Duration;
import java.util.function.BooleanSupplier;

/** How long to wait for things. Generous: a limit ends what hangs and judges no speed. */
public final class Limits {

  /** An emulated machine is that much slower. */
  private static final int EMULATION = 6;

  private static final int POLL_MS = 20;

  private Limits() {}

  /** Whether this kernel runs in an emulator. */
  public static boolean emulated() {
    final String host = System.getenv("BLOCKCAM_TEST_HOST");
    return host != null && host.startsWith("qemu");
  }

  /** This many seconds on a machine, more in an emulator. */
  public static Duration seconds(final int seconds) {
    return Duration.ofSeconds(emulated() ? (long) seconds * EMULATION : seconds);
  }

  /** Waits until the condition holds; whether it did within the limit. */
  public static boolean await(final Duration limit, final BooleanSupplier condition) {
    final long until = System.nanoTime() + limit.toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() - until > 0) {
        return false;
      }
      try {
        Thread.sleep(POLL_MS);
      } catch (final InterruptedException e) {
        Thread.currentThread().interrupt();
        return false;
      }
    }
    return true;
  }
}
