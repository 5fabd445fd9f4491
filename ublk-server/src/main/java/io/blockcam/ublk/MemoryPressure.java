package io.blockcam.ublk;

import io.blockcam.nativebindings.Errno;
import io.blockcam.nativebindings.Posix;
import io.blockcam.nativebindings.uapi.Linux;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What keeps a block server alive when memory is short: then the kernel writes back dirty pages to
 * get some, perhaps to the very device that is served.
 */
public final class MemoryPressure {
  private static final Logger LOG = LoggerFactory.getLogger(MemoryPressure.class);

  private MemoryPressure() {}

  /**
   * Makes this process one that memory is not taken from by way of its own device: no allocation of
   * this thread, nor of any that it starts from now on, waits for write-back (PR_SET_IO_FLUSHER in
   * prctl(2); the flag is inherited, copy_process() in fork.c), and what the process touches is not
   * swapped out (mlockall(2)). Where the kernel or the rights are not enough it says so and goes
   * on.
   *
   * @param posix the thread's
   */
  public static void prepare(final Posix posix) {
    final int flusher = posix.prctl(Linux.PR_SET_IO_FLUSHER(), 1, 0, 0, 0);
    if (flusher < 0) {
      LOG.warn(
          "the kernel does not take this process for one that writes back (PR_SET_IO_FLUSHER: {}):"
              + " when memory is short it may wait for its own device",
          Errno.describe(-flusher));
    }
    // On fault: the heap and the stacks that are only reserved cost nothing.
    final int locked =
        posix.mlockall(Linux.MCL_CURRENT() | Linux.MCL_FUTURE() | Linux.MCL_ONFAULT());
    if (locked < 0) {
      LOG.warn(
          "cannot lock this process in memory ({}): raise LimitMEMLOCK", Errno.describe(-locked));
    }
  }
}
