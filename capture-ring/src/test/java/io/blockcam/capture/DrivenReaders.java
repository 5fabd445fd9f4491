package io.blockcam.capture;

import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.TimeUnit;

/** Reads what is read back on the thread of the test: at once, or one by one when it says so. */
public final class DrivenReaders extends AbstractExecutorService {

  private final boolean atOnce;
  private final Queue<Runnable> tasks = new ArrayDeque<>();

  /** Nothing is to be read yet. */
  public DrivenReaders(final boolean atOnce) {
    this.atOnce = atOnce;
  }

  @Override
  public void execute(final Runnable task) {
    tasks.add(task);
    if (atOnce) {
      read();
    }
  }

  /** Reads one piece; whether there was one. */
  public boolean read() {
    final Runnable task = tasks.poll();
    if (task != null) {
      task.run();
    }
    return task != null;
  }

  @Override
  public void shutdown() {
    while (read()) {
      // as threads would
    }
  }

  @Override
  public List<Runnable> shutdownNow() {
    tasks.clear();
    return List.of();
  }

  @Override
  public boolean isShutdown() {
    return tasks.isEmpty();
  }

  @Override
  public boolean isTerminated() {
    return tasks.isEmpty();
  }

  @Override
  public boolean awaitTermination(final long time, final TimeUnit unit) {
    return tasks.isEmpty();
  }
}
