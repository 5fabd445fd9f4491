package io.blockcam.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What another process has left to this one, on request: the disk, whose users wait.
 *
 * @param pid the other process
 * @param askedNs when it was asked, by {@link System#nanoTime}: about then they began to wait
 */
record HandOver(long pid, long askedNs) {

  private static final Logger LOG = LoggerFactory.getLogger(HandOver.class);

  /**
   * Asks the recorder that has this spool to end and to leave everything. One that cannot do that
   * as it should, because its disk does not answer say, ends as if it were killed: it has let go of
   * everything then, too, and the users of the disk wait.
   *
   * @param limit how long its end may take once it has answered
   * @return once it has; empty when there is none
   * @throws IOException when it does not end
   */
  static Optional<HandOver> ask(final Path spool, final Duration limit) throws IOException {
    final Optional<RunningRecorder> found = RunningRecorder.find(spool);
    if (found.isEmpty()) {
      return Optional.empty();
    }
    try (RunningRecorder recorder = found.get()) {
      final long askedNs = System.nanoTime();
      try {
        recorder.carryOut(ControlSocket.Order.LEAVE);
      } catch (final IOException e) {
        if (recorder.pid() == 0 || !hasEnded(recorder.pid(), limit)) {
          throw e;
        }
        LOG.warn(
            "process {} did not hand over as it should; going on as after a kill", recorder.pid());
      }
      return Optional.of(new HandOver(recorder.pid(), askedNs));
    }
  }

  private static boolean hasEnded(final long pid, final Duration limit) {
    final Optional<ProcessHandle> process = ProcessHandle.of(pid);
    try {
      if (process.isPresent()) {
        process.get().onExit().get(limit.toMillis(), TimeUnit.MILLISECONDS);
      }
      return true;
    } catch (final InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    } catch (final ExecutionException | TimeoutException e) {
      return false;
    }
  }

  /** How long they have waited by now. */
  long waitedMs() {
    return (System.nanoTime() - askedNs) / 1_000_000;
  }
}
