package io.blockcam.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * What another process has left to this one, on request: the disk, whose users wait.
 *
 * @param pid the other process
 * @param askedNs when it was asked, by {@link System#nanoTime}: about then they began to wait
 */
record HandOver(long pid, long askedNs) {

  /**
   * Asks the recorder that has this spool to end and to leave everything.
   *
   * @return once it has; empty when there is none
   */
  static Optional<HandOver> ask(final Path spool) throws IOException {
    final Optional<RunningRecorder> found = RunningRecorder.find(spool);
    if (found.isEmpty()) {
      return Optional.empty();
    }
    try (RunningRecorder recorder = found.get()) {
      final long askedNs = System.nanoTime();
      recorder.carryOut(ControlSocket.Order.LEAVE);
      return Optional.of(new HandOver(recorder.pid(), askedNs));
    }
  }

  /** How long they have waited by now. */
  long waitedMs() {
    return (System.nanoTime() - askedNs) / 1_000_000;
  }
}
