package io.blockcam.history;

import io.blockcam.store.DaemonThread;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Does the same for many things, several at a time, and hands out the results in their order. */
public final class InOrder {
  private InOrder() {}

  /** Tells what there is to do. */
  @FunctionalInterface
  public interface Things<T> {
    /** The next one; null behind the last one. */
    @Nullable T next() throws IOException;
  }

  /** Done by the workers. */
  @FunctionalInterface
  public interface Work<T, R> {
    R of(T thing) throws IOException;
  }

  /** Takes results, in the caller's thread. */
  @FunctionalInterface
  public interface Sink<T, R> {
    void take(T thing, R result) throws IOException;
  }

  /**
   * Runs.
   *
   * @param things known one by one
   * @param workers closed at the end, and at once after an error
   * @param ahead how many results there may be that were not taken yet
   * @throws IOException the first that work or sink threw, in the order of the things
   */
  public static <T, R> void run(
      final Things<T> things,
      final ExecutorService workers,
      final int ahead,
      final Work<T, R> work,
      final Sink<T, R> sink)
      throws IOException {
    final Deque<Begun<T, R>> begun = new ArrayDeque<>();
    try {
      T next = things.next();
      while (next != null || !begun.isEmpty()) {
        while (begun.size() < ahead && next != null) {
          final T thing = next;
          begun.add(new Begun<>(thing, workers.submit(() -> work.of(thing))));
          next = things.next();
        }
        final Begun<T, R> first = begun.remove();
        sink.take(first.thing, result(first.result));
      }
    } finally {
      end(workers);
    }
  }

  /** After an error the others are of no use; none of them runs on, whatever happens. */
  private static void end(final ExecutorService workers) {
    workers.shutdownNow();
    boolean interrupted = false;
    for (boolean ended = false; !ended; ) {
      try {
        ended = workers.awaitTermination(1, TimeUnit.DAYS);
      } catch (final InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** So many threads, begun as they are needed: they inherit the caller's priority. */
  public static ExecutorService workers(final int most) {
    return Executors.newFixedThreadPool(most, task -> DaemonThread.of("blockcam-reader", task));
  }

  /** The same for things that are known. */
  public static <T, R> void run(
      final List<T> things,
      final ExecutorService workers,
      final int ahead,
      final Work<T, R> work,
      final Sink<T, R> sink)
      throws IOException {
    final Iterator<T> each = things.iterator();
    run(() -> each.hasNext() ? each.next() : null, workers, ahead, work, sink);
  }

  private record Begun<T, R>(T thing, Future<R> result) {}

  private static <R> R result(final Future<R> work) throws IOException {
    try {
      return work.get();
    } catch (final ExecutionException e) {
      final Throwable cause = e.getCause();
      if (cause instanceof final IOException failure) {
        throw failure;
      } else if (cause instanceof final Error failure) {
        throw failure;
      } else if (cause instanceof final RuntimeException failure) {
        throw failure;
      }
      throw new IllegalStateException(cause);
    } catch (final InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while the segments were read");
    }
  }
}
