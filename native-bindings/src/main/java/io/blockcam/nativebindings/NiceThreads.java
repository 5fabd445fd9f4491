package io.blockcam.nativebindings;

import java.util.concurrent.ThreadFactory;

/**
 * Makes threads that give way to all others of the process: with a nice value of {@value #NICE} one
 * gets a tenth of a CPU that another one wants, too (sched(7)). What cannot be set is left as it
 * is.
 */
public final class NiceThreads implements ThreadFactory {
  /** Of each of them. */
  public static final int NICE = 10;

  @Override
  public Thread newThread(final Runnable work) {
    return new Thread(
        () -> {
          Posix.linux().setpriority(0, NICE);
          work.run();
        });
  }
}
