package io.blockcam.capture.spool;

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells when something fills up: each crossing of 50, 80 and 95 % is logged and counted, and the
 * way back too, 25 percentage points lower, so that a level that swings tells little; and of each
 * level once a minute at most.
 *
 * <p>{@link #update} on one thread, the rest on any.
 */
public final class Watermarks {
  private static final Logger LOG = LoggerFactory.getLogger(Watermarks.class);
  private static final int[] PERCENT = {50, 80, 95};
  private static final int HYSTERESIS_PERCENT = 25;

  private final String what;
  private volatile long capacity;
  private final AtomicLong crossings = new AtomicLong();
  private final OnceAMinute[] limits = new OnceAMinute[PERCENT.length];
  private final boolean[] told = new boolean[PERCENT.length];
  private int passed;

  /**
   * @param what fills up, for the log
   * @param capacity in the unit of {@link #update}
   */
  public Watermarks(final String what, final long capacity) {
    this.what = what;
    this.capacity = capacity;
    Arrays.setAll(limits, i -> new OnceAMinute());
  }

  /** There is more room from now on, or less; the next {@link #update} tells. Any thread. */
  void setCapacity(final long newCapacity) {
    capacity = newCapacity;
  }

  /** Looks at how much is in use now. */
  public void update(final long used) {
    final long percent = used * 100 / capacity;
    while (passed < PERCENT.length && percent >= PERCENT[passed]) {
      crossings.incrementAndGet();
      told[passed] = limits[passed].isDue(System.nanoTime());
      if (told[passed]) {
        LOG.warn("{} is {} % full{}", what, PERCENT[passed], limits[passed].andOmitted());
      }
      passed++;
    }
    while (passed > 0 && percent < PERCENT[passed - 1] - HYSTERESIS_PERCENT) {
      passed--;
      if (told[passed]) {
        LOG.info("{} is below {} % again", what, PERCENT[passed]);
      }
    }
  }

  /** Crossings upwards since the start. */
  public long crossings() {
    return crossings.get();
  }
}
