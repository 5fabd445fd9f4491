package io.blockcam.capture.spool;

import io.blockcam.archive.OnceAMinute;
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
  private static final int HYSTERESIS_PERCENT = 25;

  private final String what;
  private volatile long capacity;
  private final AtomicLong crossings = new AtomicLong();
  private final Level[] levels = {new Level(50), new Level(80), new Level(95)};
  private int passed;

  /** One of the marks. */
  private static final class Level {
    private final int percent;
    private final OnceAMinute limit = new OnceAMinute();

    /** Whether the log says that it is passed. */
    private boolean told;

    Level(final int percent) {
      this.percent = percent;
    }
  }

  /**
   * @param what fills up, for the log
   * @param capacity in the unit of {@link #update}
   */
  public Watermarks(final String what, final long capacity) {
    this.what = what;
    this.capacity = capacity;
  }

  /** There is more room from now on, or less; the next {@link #update} tells. Any thread. */
  void setCapacity(final long newCapacity) {
    capacity = newCapacity;
  }

  /** Looks at how much is in use now. */
  public void update(final long used) {
    final long percent = used * 100 / capacity;
    while (passed < levels.length && percent >= levels[passed].percent) {
      final Level level = levels[passed];
      crossings.incrementAndGet();
      level.told = level.limit.isDue(System.nanoTime());
      if (level.told) {
        LOG.warn("{} is {} % full{}", what, level.percent, level.limit.andOmitted());
      }
      passed++;
    }
    while (passed > 0 && percent < levels[passed - 1].percent - HYSTERESIS_PERCENT) {
      passed--;
      if (levels[passed].told) {
        LOG.info("{} is below {} % again", what, levels[passed].percent);
      }
    }
  }

  /** Crossings upwards since the start. */
  public long crossings() {
    return crossings.get();
  }
}
