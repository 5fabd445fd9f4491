package io.blockcam.capture;

import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.Executor;

/** Reads what is read back on the thread of the test: at once, or one by one when it says so. */
public final class DrivenReaders implements Executor {

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
}
