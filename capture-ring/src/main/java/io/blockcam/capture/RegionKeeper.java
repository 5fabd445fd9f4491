package io.blockcam.capture;

import io.blockcam.archive.record.GapReason;
import io.blockcam.capture.disk.Backing;
import io.blockcam.capture.ring.CaptureRing;
import io.blockcam.capture.ring.DirtyRegions;
import io.blockcam.capture.spool.RegionLog;
import java.io.IOException;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the log of the regions where disk and record may differ after a power cut.
 *
 * <p>{@link #mark} belongs to one thread and answers to queues that wait; {@link #clean} to another
 * one, since it waits for the disk. A test can drive both by hand.
 */
final class RegionKeeper {
  private static final Logger LOG = LoggerFactory.getLogger(RegionKeeper.class);

  /** A region that nobody has written to for so long, and up to twice that, becomes clean. */
  private static final long ROUND_NS = TimeUnit.SECONDS.toNanos(10);

  /** Between two looks whether the record is durable. */
  private static final long LOOK_NS = TimeUnit.SECONDS.toNanos(1);

  private static final long FIRST_RETRY_NS = TimeUnit.MILLISECONDS.toNanos(10);
  private static final long LAST_RETRY_NS = TimeUnit.SECONDS.toNanos(2);

  private final RegionLog log;
  private final DirtyRegions regions;
  private final CaptureRing ring;
  private final Backing disk;
  private final LongSupplier clockNs;
  private final BooleanSupplier mayClean;

  // mark's
  private boolean failing;
  private final RetryTimer retry;

  // clean's
  private long nextRoundNs;
  private int @Nullable [] idle;
  private long offered;
  private volatile boolean distrusted;

  /** Written under the log's lock. */
  private volatile boolean distrustIsNoted;

  /** Guarded by the log. */
  private final RetryTimer distrustRetry;

  /**
   * Begins with what the log says.
   *
   * @param disk is synced before a region becomes clean
   * @param clockNs {@link System#nanoTime}, or what a test puts in its place
   * @param mayClean false while what the guest writes is not recorded, or that is not durable yet
   */
  RegionKeeper(
      final RegionLog log,
      final CaptureRing ring,
      final Backing disk,
      final LongSupplier clockNs,
      final BooleanSupplier mayClean) {
    this.log = log;
    this.regions = ring.regions();
    this.ring = ring;
    this.disk = disk;
    this.clockNs = clockNs;
    this.mayClean = mayClean;
    this.retry = new RetryTimer(FIRST_RETRY_NS, LAST_RETRY_NS, clockNs.getAsLong());
    this.distrustRetry = new RetryTimer(FIRST_RETRY_NS, LAST_RETRY_NS, clockNs.getAsLong());
    this.nextRoundNs = clockNs.getAsLong() + ROUND_NS;
    regions.makeDirty(log.dirty().stream());
  }

  /**
   * Makes dirty what the queues want; they are woken once that is durable.
   *
   * @return whether something was wanted and could be done
   */
  boolean mark() {
    distrustIfTold();
    if (!isNoted()) {
      noteDistrust(/* atOnce= */ false);
    }
    if (failing ? !retry.isDue(clockNs.getAsLong()) : !regions.isWanted()) {
      return false;
    }
    final int[] wanted = regions.wanted();
    try {
      synchronized (log) {
        log.makeDirty(wanted);
        regions.makeDirty(Arrays.stream(wanted));
      }
    } catch (final IOException e) {
      if (!failing) {
        LOG.error("the log of dirty regions can not be written, writes wait: {}", e.toString());
      }
      failing = true;
      retry.failed(clockNs.getAsLong());
      return false;
    }
    if (failing) {
      LOG.info("the log of dirty regions is written again");
      failing = false;
      retry.succeeded();
    }
    ring.wakeForRegions();
    return true;
  }

  /** In how many ns {@link #mark} has something to do, unless its thread is woken before. */
  long untilMarkNs() {
    final long nowNs = clockNs.getAsLong();
    final long failingNs = failing ? retry.leftNs(nowNs) : Long.MAX_VALUE;
    if (isNoted()) {
      return failingNs;
    }
    synchronized (log) {
      return Math.min(failingNs, distrustRetry.leftNs(nowNs));
    }
  }

  /** The same for {@link #clean}, whose thread is to be woken after {@link #mark}. */
  long untilCleanNs() {
    if (idle != null) {
      return LOOK_NS;
    }
    return distrusted || !regions.mayHaveDirty()
        ? Long.MAX_VALUE
        : Math.max(0, nextRoundNs - clockNs.getAsLong());
  }

  /** Whether {@link #clean} would sync the disk now: nobody may hold a piece of it then. */
  boolean isCleanDue() {
    return idle != null && ring.durableSequence() >= offered;
  }

  /**
   * Looks which regions may become clean, if it is time. Waits for nothing.
   *
   * @return whether there are any
   */
  boolean beginRound() {
    if (idle != null || clockNs.getAsLong() - nextRoundNs < 0 || distrusted) {
      return false;
    }
    nextRoundNs = clockNs.getAsLong() + ROUND_NS;
    // A write that is missed later touches its region, and that is not cleaned in this round.
    if (!mayClean.getAsBoolean()) {
      return false;
    }
    final int[] round = regions.beginRound();
    offered = ring.claimed(); // after the round has begun: see DirtyRegions
    idle = round.length == 0 ? null : round;
    return round.length > 0;
  }

  /** Ends the round, once it {@linkplain #isCleanDue is due}: waits for the disk. */
  void clean() {
    final int @Nullable [] begun = idle;
    if (begun != null) {
      idle = null;
      clean(begun);
    }
  }

  /**
   * Everything is durable in the record, and nobody writes any more: if the disk is, too, all is
   * clean.
   */
  void end() {
    distrustIfTold();
    if (!isNoted()) {
      noteDistrust(/* atOnce= */ true);
    }
    if (!distrusted && mayClean.getAsBoolean()) {
      regions.beginRound(); // what was touched last is not idle before the next one
      clean(regions.beginRound());
    }
  }

  private void clean(final int[] candidates) {
    try {
      disk.sync();
    } catch (final IOException e) {
      distrust(e);
      return;
    }
    distrustIfTold();
    if (distrusted) {
      return;
    }
    try {
      synchronized (log) {
        log.makeClean(Arrays.stream(candidates).filter(regions::tryClean).toArray());
      }
    } catch (final IOException e) { // they stay dirty after a power cut, which costs a read
      LOG.warn("the log of dirty regions can not be written: {}", e.toString());
    }
  }

  private void distrustIfTold() {
    if (regions.isDistrusted() && !distrusted) {
      distrust(new IOException("a flush of the guest's has failed"));
    }
  }

  /** What is dirty stays it, whatever a later sync says: the next start reads it back. */
  private void distrust(final IOException why) {
    distrusted = true;
    LOG.error(
        "a sync of the disk has failed; the next start reads back what is dirty: {}",
        why.toString());
    noteDistrust(/* atOnce= */ true);
  }

  /** May be repeated: a spool that cannot be written now can be later. */
  private void noteDistrust(final boolean atOnce) {
    synchronized (log) {
      if (distrustIsNoted || (!atOnce && !distrustRetry.isDue(clockNs.getAsLong()))) {
        return;
      }
      try {
        log.distrust(GapReason.SYNC_FAILED);
        distrustIsNoted = true;
        distrustRetry.succeeded();
      } catch (final IOException e) {
        LOG.error("that is not noted down yet, and lost if this process dies: {}", e.toString());
        distrustRetry.failed(clockNs.getAsLong());
      }
    }
  }

  /** Whether the next start will know what this one knows. */
  boolean isNoted() {
    return !distrusted || distrustIsNoted;
  }
}
