package io.blockcam.ublk;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/**
 * What was acquired on the way up, released in the opposite order: after a start that failed
 * half-way with {@link #undo}, at an orderly stop with {@link #release}. Either runs every step to
 * its end, whatever goes wrong on the way. One thread.
 */
public final class ReleaseStack {

  /** One step down. Must end in bounded time. */
  @FunctionalInterface
  public interface Step {
    /** Releases one thing. */
    void run() throws Exception;
  }

  private final Deque<Step> steps = new ArrayDeque<>();

  /** What went wrong first, the cause of {@link #undo} included. */
  private @Nullable Throwable first;

  /** Something was acquired that {@code step} releases. */
  public void add(final Step step) {
    steps.push(step);
  }

  /**
   * Runs all steps; what goes wrong is attached to the cause.
   *
   * @param cause why the start failed
   */
  public void undo(final Throwable cause) {
    first = cause;
    run();
  }

  /**
   * Runs all steps.
   *
   * @throws IOException the first thing that went wrong, with the others attached to it
   */
  public void release() throws IOException {
    run();
    if (first instanceof final IOException e) {
      throw e;
    } else if (first instanceof final RuntimeException e) {
      throw e;
    } else if (first instanceof final Error e) {
      throw e;
    } else if (first != null) {
      throw new IOException(first.toString(), first);
    }
  }

  /** For a step: whether something went wrong before it. */
  public boolean hasFailed() {
    return first != null;
  }

  private void run() {
    boolean interrupted = false;
    while (!steps.isEmpty()) {
      try {
        steps.pop().run();
      } catch (final Throwable e) {
        interrupted |= e instanceof InterruptedException;
        if (first == null) {
          first = e;
        } else if (first != e) {
          first.addSuppressed(e);
        }
      }
    }
    if (interrupted) { // not earlier: the steps that are left have to wait for something, too
      Thread.currentThread().interrupt();
    }
  }
}
