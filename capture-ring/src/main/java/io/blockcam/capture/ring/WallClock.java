package io.blockcam.capture.ring;

import java.io.IOException;
import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * CLOCK_REALTIME at the price of the monotonic clock: the offset between the two is measured by
 * {@link #tick} and added to every reading. A step of the wall clock is therefore seen at the next
 * tick, and seen as such: {@link #tick} answers it.
 *
 * <p>{@link #nowNs} runs on any thread; {@link #tick} on one at a time.
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
   * @param beforeNs what it would have shown
   * @param afterNs what it showed at the same moment
   */
  public record Step(long beforeNs, long afterNs) {
    /** This step and one that came after it, as one. */
    public Step then(final Step later) {
      return new Step(later.beforeNs - (afterNs - beforeNs), later.afterNs);
    }
  }

  private final Source source;
  private volatile long offsetNs;
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

  /** CLOCK_REALTIME in ns since 1970, as of the last tick. Hot path: one clock reading. */
  public long nowNs() {
    return source.monotonicNs() + offsetNs;
  }

  /** CLOCK_MONOTONIC in ns, from any origin. */
  public long monotonicNs() {
    return source.monotonicNs();
  }

  /**
   * Measures the offset again.
   *
   * @return the step, when the wall clock was set since the last tick
   */
  public @Nullable Step tick() {
    final long before = offsetNs;
    measure();
    final long changeNs = measuredOffsetNs - before;
    if (Math.abs(changeNs) <= STEP_NS + uncertaintyNs) {
      // A sandwich torn by preemption says less than the offset at hand.
      if (Math.abs(changeNs) > uncertaintyNs) {
        offsetNs = measuredOffsetNs;
      }
      return null;
    }
    offsetNs = measuredOffsetNs;
    final long nowNs = source.monotonicNs();
    return new Step(nowNs + before, nowNs + measuredOffsetNs);
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
