package io.blockcam.ublk.queue;

import io.blockcam.nativebindings.Posix;
import io.blockcam.ublk.tap.WriteTap;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** All queues of a device. Control thread only. */
public final class QueueSet implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(QueueSet.class);

  private final List<QueueThread> queues = new ArrayList<>();
  private @Nullable Thread watcher;

  /**
   * Maps the memory of all queues.
   *
   * @param posix gives each thread its own; the control thread's comes first
   * @param affinities per queue, CPUs as a cpu_set_t
   * @param onFailure called by a queue's thread when it fails
   */
  public QueueSet(
      final Supplier<Posix> posix,
      final ServedDevice served,
      final List<byte[]> affinities,
      final Consumer<Throwable> onFailure)
      throws IOException {
    final InFlightBlocks blocks =
        new InFlightBlocks(
            served.info().queues(), served.info().depth(), served.target().geometry().bytes());
    final @Nullable WriteTap tap = served.tap();
    if (tap != null) {
      tap.openDisk(blocks.rangeLock());
    }
    try {
      for (int q = 0; q < served.info().queues(); q++) {
        queues.add(new QueueThread(posix, served, q, blocks, affinities.get(q), onFailure));
      }
    } catch (final IOException | RuntimeException e) {
      close();
      throw e;
    }
  }

  /** Starts all threads and returns when each has handed its tags to the kernel. */
  public void start(final Duration limit) throws IOException {
    final CompletableFuture<Void> all =
        CompletableFuture.allOf(
            queues.stream().map(QueueThread::start).toArray(CompletableFuture[]::new));
    try {
      all.get(limit.toMillis(), TimeUnit.MILLISECONDS);
    } catch (final ExecutionException e) {
      throw new IOException("a queue failed to start: " + e.getCause(), e.getCause());
    } catch (final TimeoutException e) {
      throw new IOException("the queues did not start within " + limit.toSeconds() + " s", e);
    } catch (final InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while the queues started", e);
    }
  }

  /**
   * Names requests that are not answered in time, in the log, until {@link #close}.
   *
   * @param limit zero: none is named
   */
  public void watch(final Duration limit) {
    if (limit.isZero()) {
      return;
    }
    final RequestWatch watch =
        new RequestWatch(
            queues.stream().map(QueueThread::requests).map(Objects::requireNonNull).toList(),
            limit,
            LOG::warn);
    watcher =
        Thread.ofPlatform()
            .name("ublk-watch")
            .daemon(true)
            .start(
                () -> {
                  try {
                    while (true) {
                      Thread.sleep(watch.period());
                      watch.look(System.nanoTime());
                    }
                  } catch (final InterruptedException e) {
                    Thread.currentThread().interrupt(); // closed
                  }
                });
  }

  /**
   * Waits until the threads have ended, as they do when the device is stopped.
   *
   * @return whether all have
   */
  public boolean join(final Duration limit) throws InterruptedException {
    final long deadlineNs = System.nanoTime() + limit.toNanos();
    boolean all = true;
    for (final QueueThread queue : queues) {
      final long leftMs = Math.max(1, (deadlineNs - System.nanoTime()) / 1_000_000);
      all &= queue.join(leftMs);
    }
    return all;
  }

  /**
   * Ends all queues without another answer; only of a device that outlives its server. After {@link
   * #close} it waits for its next one.
   *
   * @return false when a queue does not end, or what it has given to the target does not: then only
   *     the end of the process lets go of the device, and whoever goes on with it in this one could
   *     read what is about to change
   */
  public boolean leave(final Duration limit) throws InterruptedException {
    queues.forEach(QueueThread::leave);
    return join(limit) && queues.stream().noneMatch(QueueThread::hasTargetBusy);
  }

  @Override
  public void close() {
    if (watcher != null) {
      watcher.interrupt();
    }
    queues.forEach(QueueThread::close);
  }
}
