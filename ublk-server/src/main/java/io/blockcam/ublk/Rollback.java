package io.blockcam.ublk;

import java.util.ArrayDeque;
import java.util.Deque;

/** Undoes the steps of a start that failed half-way, last step first. */
final class Rollback {

  /** One step back. */
  @FunctionalInterface
  interface Step {
    void run() throws Exception;
  }

  private final Deque<Step> steps = new ArrayDeque<>();

  void add(final Step step) {
    steps.push(step);
  }

  /**
   * Runs all steps, whatever happens; what goes wrong on the way is attached to the cause.
   *
   * @param cause why the start failed
   */
  void run(final Throwable cause) {
    while (!steps.isEmpty()) {
      try {
        steps.pop().run();
      } catch (final InterruptedException e) {
        Thread.currentThread().interrupt();
        cause.addSuppressed(e);
      } catch (final Exception e) {
        cause.addSuppressed(e);
      }
    }
  }
}
