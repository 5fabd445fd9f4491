package io.blockcam.store;

import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Ends requests that stand still. A blocked write to a socket knows no time-out, and an answer that
 * comes byte by byte resets the time-out of reading for ever.
 *
 * <p>One daemon thread, which exists only while something is watched and sleeps until a limit is
 * due.
 */
final class Watchdog implements AutoCloseable {
  private final ScheduledThreadPoolExecutor timer;

  /**
   * @param threadName what the thread is called
   */
  Watchdog(final String threadName) {
    timer = new ScheduledThreadPoolExecutor(1, task -> DaemonThread.of(threadName, task));
    timer.setRemoveOnCancelPolicy(true);
    timer.setKeepAliveTime(1, TimeUnit.SECONDS);
    timer.allowCoreThreadTimeOut(true);
  }

  /**
   * Watches from now until the result is closed.
   *
   * @param limit longest time without {@link Watch#progress}
   * @param onStall called at most once, on the watchdog's thread, when the limit is over
   */
  Watch watch(final Duration limit, final Runnable onStall) {
    final Watch watch = new Watch(limit.toNanos(), onStall);
    watch.schedule(limit.toNanos());
    return watch;
  }

  @Override
  public void close() {
    timer.shutdownNow();
  }

  /** Something that must not stand still. */
  final class Watch implements AutoCloseable {
    private final long limitNs;
    private final Runnable onStall;
    private volatile long lastProgressNs = System.nanoTime();
    private volatile boolean stalled;

    // The two below are guarded by this.
    private boolean ended;
    private @Nullable Future<?> nextCheck;

    private Watch(final long limitNs, final Runnable onStall) {
      this.limitNs = limitNs;
      this.onStall = onStall;
    }

    /** Tells that something moved. */
    void progress() {
      lastProgressNs = System.nanoTime();
    }

    /** Returns whether the limit was over. */
    boolean stalled() {
      return stalled;
    }

    /** Ends the watch, and leaves nothing behind in the timer: there may be many watches. */
    @Override
    public synchronized void close() {
      ended = true;
      if (nextCheck != null) {
        nextCheck.cancel(false);
      }
    }

    private synchronized void schedule(final long delayNs) {
      if (!ended) {
        try {
          nextCheck = timer.schedule(this::check, delayNs, TimeUnit.NANOSECONDS);
        } catch (final RejectedExecutionException e) {
          // The store is being closed, which ends the request too.
        }
      }
    }

    private void check() {
      final long leftNs = limitNs - (System.nanoTime() - lastProgressNs);
      if (leftNs > 0) {
        schedule(leftNs);
      } else {
        stalled = true;
        onStall.run();
      }
    }
  }
}
