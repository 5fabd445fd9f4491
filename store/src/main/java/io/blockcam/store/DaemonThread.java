package io.blockcam.store;

/** Threads that keep no program from ending. */
public final class DaemonThread {
  private DaemonThread() {}

  /** One that is not started yet. */
  public static Thread of(final String name, final Runnable task) {
    final Thread thread = new Thread(task, name);
    thread.setDaemon(true);
    return thread;
  }
}
