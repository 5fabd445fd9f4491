package io.blockcam.cli;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;

/**
 * Lets the main thread run a device until SIGTERM or SIGINT, and the JVM wait until the main thread
 * has taken the device down.
 *
 * <p>The JVM ends when its shutdown hooks have ended, so the hook waits for ever: it is the main
 * thread that ends the process, with {@link #exit}, when all is taken down. So a stop that was
 * asked for and worked has status 0, and one that failed has its own.
 */
final class StopSignal implements AutoCloseable {

  private final CompletableFuture<@Nullable Throwable> wanted = new CompletableFuture<>();
  private final Thread hook = new Thread(this::onShutdown, "stop-signal");

  StopSignal() {
    Runtime.getRuntime().addShutdownHook(hook);
  }

  /** Completes, with null, at the first signal. */
  CompletableFuture<@Nullable Throwable> wanted() {
    return wanted;
  }

  private void onShutdown() {
    wanted.complete(null);
    try {
      new CountDownLatch(1).await();
    } catch (final InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** The device is down; signals have their usual effect again. */
  @Override
  public void close() {
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (final IllegalStateException e) {
      // The shutdown has begun and waits for exit().
    }
  }

  /** Ends the process, also while a signal's shutdown waits for it. */
  static void exit(final int status) {
    try {
      Runtime.getRuntime().addShutdownHook(new Thread(() -> {}));
    } catch (final IllegalStateException e) {
      Runtime.getRuntime()
          .halt(status); // System.exit would wait for the shutdown that waits for us
    }
    System.exit(status);
  }
}
