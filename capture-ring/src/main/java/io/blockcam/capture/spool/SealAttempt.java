package io.blockcam.capture.spool;

import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A seal in the hands of whoever begins it first: the sealer, or the writer that needs its end. The
 * segment is theirs until {@link #isOver}.
 */
final class SealAttempt implements Runnable {
  private final SpoolSegment segment;
  private final AtomicBoolean begun = new AtomicBoolean();

  /** What it failed with, if it did. */
  private final CompletableFuture<Optional<Throwable>> end = new CompletableFuture<>();

  SealAttempt(final SpoolSegment segment) {
    this.segment = segment;
  }

  /** Seals; does nothing when somebody has begun it. What goes wrong is told by {@link #result}. */
  @Override
  public void run() {
    if (!begun.compareAndSet(false, true)) {
      return;
    }
    try {
      segment.settle();
      end.complete(Optional.empty());
    } catch (final Throwable e) { // it is the writer's
      end.complete(Optional.of(e));
    }
  }

  /** Whether it has ended, well or not. */
  boolean isOver() {
    return end.isDone();
  }

  /** Waits for its end, or sees to it. */
  void result() throws IOException {
    run();
    final Optional<Throwable> failure = end.join();
    if (failure.isPresent()) {
      switch (failure.get()) {
        case IOException cause -> throw cause;
        case RuntimeException cause -> throw cause;
        case Error cause -> throw cause;
        default -> throw new IllegalStateException(failure.get());
      }
    }
  }

  /**
   * Sees to it that nobody begins it any more.
   *
   * @return false when somebody has, and is not done within the limit
   */
  boolean withdraw(final Duration limit) {
    if (begun.compareAndSet(false, true)) {
      end.complete(Optional.empty());
      return true;
    }
    try {
      end.get(limit.toNanos(), TimeUnit.NANOSECONDS);
      return true; // if it failed: the next opening of the spool finds what is left
    } catch (final ExecutionException | TimeoutException e) {
      return false;
    } catch (final InterruptedException e) {
      Thread.currentThread().interrupt();
      return isOver();
    }
  }
}
