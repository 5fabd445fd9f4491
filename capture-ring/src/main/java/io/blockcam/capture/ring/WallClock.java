package io.blockcam.capture.ring;

import java.io.IOException;
import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The time of the record: CLOCK_REALTIME that never goes back, at the price of the monotonic clock.
 * The offset between the two is measured by {@link #tick} and added to every reading. A step of the
 * wall clock is therefore seen at the next tick, and seen as such: {@link #tick} answers it, and
 * {@link #follow} obeys it. A step ahead takes the time of the record along; after a step back it
 * runs on from where it was, and stays ahead by as much until the wall clock has passed it with
 * another step, or a new start.
 *
 * <p>{@link #nowNs} and {@link #shownNs} run on any thread; {@link #tick} and {@link #follow} on
 * one at a time.
 */
public final class WallClock {
  /** How often {@link #tick} wants to be called. */
  public static final long TICK_PERIOD_NS = 100_000_000;

  /** Offsets that differ by more are a step; less is the slewing of NTP or noise. */
  public static final long STEP_NS = 1_000_000;

  private static final int ATTEMPTS = 8;
  private static final long GOOD_NS = 20_000;
  private static final long NS_PER_SECOND = 1_000_000_000;

  /** The two clocks of the machine. */
  public interface Source {
    /** CLOCK_MONOTONIC in ns, from any origin. Hot path. */
    long monotonicNs();

    /** CLOCK_REALTIME in ns since 1970. */
    long realtimeNs();

    /** Since which boot of the machine the monotonic clock counts. */
    default UUID bootId() throws IOException {
      return BootId.current();
    }

    /** The clocks of the JVM: both are {@code clock_gettime(2)} in full resolution. */
    static Source system() {
      return new Source() {
        @Override
        public long monotonicNs() {
          return System.nanoTime();
        }

        @Override
        public long realtimeNs() {
          final Instant now = Instant.now();
          return now.getEpochSecond() * NS_PER_SECOND + now.getNano();
        }
      };
    }
  }

  /**
   * The wall clock was set.
   *
   * @param recordNs the time of the record, before it
   * @param shownNs what the clock shows
   * @param changeNs by how much it was set
   */
  public record Step(long recordNs, long shownNs, long changeNs) {}

  private final Source source;

  /** From the monotonic clock to the time of the record. */
  private volatile long offsetNs;

  /** How far that is ahead of the wall clock, 0 or more. */
  private volatile long aheadNs;

  /** From the monotonic clock to the wall clock. */
  private long measuredOffsetNs;

  private long uncertaintyNs;

  /** The narrowest of all: how long the readings of this machine take; 0 before the first. */
  private long bestNs;

  /** Measures for the first time. */
  public WallClock(final Source source) {
    this.source = source;
    measure();
    offsetNs = measuredOffsetNs;
  }

  /** Since which boot of the machine it counts. */
  public UUID bootId() throws IOException {
    return source.bootId();
  }

  /**
   * Goes on behind a record of an earlier run. Before the first tick.
   *
   * @param lastNs its time; nothing is recorded before it
   */
  public void notBefore(final long lastNs) {
    aheadNs = Math.max(0, lastNs - nowNs());
    offsetNs = measuredOffsetNs + aheadNs;
  }

  /** The time of the record, in ns since 1970, as of the last tick. Hot path: one clock reading. */
  public long nowNs() {
    return source.monotonicNs() + offsetNs;
  }

  /** CLOCK_REALTIME in ns since 1970, as of the last tick. */
  public long shownNs() {
    return shownNs(nowNs());
  }

  /** What the wall clock shows at a time of the record since the last step. */
  public long shownNs(final long recordNs) {
    return recordNs - aheadNs;
  }

  /** CLOCK_MONOTONIC in ns, from any origin. */
  public long monotonicNs() {
    return source.monotonicNs();
  }

  /**
   * Measures the offset again.
   *
   * @return the step, when the wall clock was set since the last one that was followed. The time of
   *     the record goes on as if it had not been, until this one is followed
   */
  public @Nullable Step tick() {
    final long before = offsetNs - aheadNs;
    measure();
    final long changeNs = measuredOffsetNs - before;
    if (Math.abs(changeNs) <= STEP_NS + uncertaintyNs) {
      // A sandwich torn by preemption says less than the offset at hand.
      if (Math.abs(changeNs) > uncertaintyNs) {
        offsetNs = measuredOffsetNs + aheadNs;
      }
      return null;
    }
    final long nowNs = source.monotonicNs();
    return new Step(nowNs + offsetNs, nowNs + measuredOffsetNs, changeNs);
  }

  /**
   * Goes by what the wall clock shows since a step.
   *
   * @param step of the last {@link #tick}
   */
  public void follow(final Step step) {
    aheadNs = Math.max(0, step.recordNs - step.shownNs);
    offsetNs = measuredOffsetNs + aheadNs;
  }

  /**
   * Reads realtime between two readings of monotonic; the narrowest of several counts. Where each
   * reading is a system call (User-Mode Linux, some virtual machines), none is below GOOD_NS, and
   * one that takes what it took before is good.
   */
  private void measure() {
    final long goodNs = Math.max(GOOD_NS, 2 * bestNs);
    long narrowestNs = Long.MAX_VALUE;
    for (int attempt = 0; attempt < ATTEMPTS && narrowestNs > goodNs; attempt++) {
      final long startNs = source.monotonicNs();
      final long realtimeNs = source.realtimeNs();
      final long widthNs = source.monotonicNs() - startNs;
      if (widthNs < narrowestNs) {
        narrowestNs = widthNs;
        measuredOffsetNs = realtimeNs - startNs - widthNs / 2;
      }
    }
    bestNs = bestNs == 0 ? narrowestNs : Math.min(bestNs, narrowestNs);
    uncertaintyNs = narrowestNs / 2;
  }
}
