package io.blockcam.cli;

import io.blockcam.capture.spool.Spool;
import java.util.concurrent.locks.LockSupport;

/** Looks every second how fast a spool fills and empties, on a thread of its own. */
final class SpoolMeter implements AutoCloseable {
  private static final long PERIOD_NS = 1_000_000_000L;

  private final Spool spool;
  private final RateMeter rates = new RateMeter();
  private final Thread thread = new Thread(this::measure, "blockcam-rates");
  private volatile boolean closed;

  SpoolMeter(final Spool spool) {
    this.spool = spool;
  }

  /** Begins to look. */
  void begin() {
    thread.setDaemon(true);
    thread.start();
  }

  private void measure() {
    while (!closed) {
      final long shipped = spool.removedBytes();
      rates.note(System.nanoTime(), shipped + spool.bytes(), shipped);
      LockSupport.parkNanos(PERIOD_NS);
    }
  }

  /** As of the last second. Any thread. */
  RateMeter.Rates rates() {
    return rates.rates();
  }

  @Override
  public void close() {
    closed = true;
    LockSupport.unpark(thread);
  }
}
