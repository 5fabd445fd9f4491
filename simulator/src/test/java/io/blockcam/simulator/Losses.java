package io.blockcam.simulator;

import java.util.HashSet;
import java.util.Set;

/** When records may have been lost: what is no loss must be no gap in the record. */
final class Losses {

  private final Set<Long> epochs = new HashSet<>();
  private long started = -1;
  private boolean powerWasCut;
  private boolean gapsWereAllowed;
  private boolean hasRotted;

  void powerCut() {
    powerWasCut = true;
  }

  /** A server has come up; those before it, if any, were killed on their way. */
  void started(final long epoch) {
    for (long e = started + 1; powerWasCut && e <= epoch; e++) {
      epochs.add(e);
    }
    started = epoch;
    powerWasCut = false;
  }

  /** Writes may go unrecorded from now on: if the server is killed then, nobody knows which. */
  void gapsAllowed() {
    gapsWereAllowed = true;
  }

  /** Bits of a sealed segment have changed where it lay. */
  void rotted() {
    hasRotted = true;
  }

  /** Whether records of any time may be lost. */
  boolean hasRotted() {
    return hasRotted;
  }

  boolean mayHaveGaps() {
    return gapsWereAllowed;
  }

  /** Whether what was in the ring before this epoch is lost, and perhaps more. */
  boolean isBefore(final long epoch) {
    return epochs.contains(epoch);
  }
}
