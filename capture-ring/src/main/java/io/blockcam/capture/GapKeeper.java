package io.blockcam.capture;

import io.blockcam.archive.Nanos;
import io.blockcam.archive.OnceAMinute;
import io.blockcam.archive.record.GapReason;
import io.blockcam.archive.record.RecordDescriptor;
import io.blockcam.capture.ring.CaptureRing;
import io.blockcam.capture.ring.WallClock;
import io.blockcam.capture.spool.Doubt;
import io.blockcam.capture.spool.Doubts;
import io.blockcam.capture.spool.RegionLog;
import io.blockcam.capture.spool.Spool;
import io.blockcam.capture.spool.SpoolWriter;
import io.blockcam.ublk.tap.QueueTap;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets the guest go on when nothing more can be recorded, and sees to it that the record says so.
 *
 * <pre>
 *   recorded --- no room, spool takes nothing; the log of regions says so, durable ---> missed
 *   missed   --- there is room again: writes wait, the gap is put into the order -----> recorded
 *   then         what was missed is in doubt, durable, and {@link ReadBack} has it
 *   then         the gap is durable in the record: the log of regions is trusted again
 * </pre>
 *
 * <p>From the first write that is missed until the last line regions stay dirty and the log says
 * that it is not to be trusted: a kill or a power cut in between leaves the gap to the next start.
 *
 * <p>{@link #step} never waits for the disk that is recorded. It may fail for the spool's: then the
 * guest waits as it would without this, and the same step is tried again.
 */
final class GapKeeper {
  private static final Logger LOG = LoggerFactory.getLogger(GapKeeper.class);

  /** Between two looks while there is something to wait for that nobody tells of. */
  private static final long LOOK_NS = TimeUnit.MILLISECONDS.toNanos(500);

  /** Between two steps while writes wait for a gap of more pieces than the ring has room for. */
  private static final long NAMING_NS = TimeUnit.MILLISECONDS.toNanos(1);

  private static final long FIRST_RETRY_NS = TimeUnit.MILLISECONDS.toNanos(10);
  private static final long LAST_RETRY_NS = TimeUnit.SECONDS.toNanos(2);

  private final CaptureRing ring;
  private final Spool spool;
  private final RecordConsumer consumer;
  private final RegionLog log;
  private final Doubts doubts;
  private final WallClock clock;
  private volatile OnFull policy = OnFull.BLOCK;
  private volatile boolean ending;
  private volatile long sinceNs;
  private volatile long gaps;
  private volatile long missedBlocks;

  // Guarded by this
  private State state = State.RECORDED;

  /** What of the gap has no place in the order yet; only while {@link State#MISSED}. */
  private final Deque<Doubt.Range> unnamed = new ArrayDeque<>();

  /** What of it is not known to be in doubt yet. */
  private Doubt unremembered = Doubt.NONE;

  private long lastSequence;
  private final RetryTimer retry;
  private boolean failing;

  /** Where more is always written than goes, a gap begins and ends every few seconds. */
  private final OnceAMinute telling = new OnceAMinute();

  private boolean told;

  /** How far it is; see the picture. */
  private enum State {
    /** Nothing is missing, or is not known to. */
    RECORDED,
    /** Writes go unrecorded. */
    MISSED,
    /** Writes are recorded again, and the gap is not durable yet. */
    NAMED
  }

  /**
   * @param consumer tells whether the spool takes anything
   * @param log of the dirty regions
   * @param doubts what was missed is put there
   */
  GapKeeper(
      final CaptureRing ring,
      final Spool spool,
      final RecordConsumer consumer,
      final RegionLog log,
      final Doubts doubts,
      final WallClock clock) {
    this.ring = ring;
    this.spool = spool;
    this.consumer = consumer;
    this.log = log;
    this.doubts = doubts;
    this.clock = clock;
    this.retry = new RetryTimer(FIRST_RETRY_NS, LAST_RETRY_NS, clock.monotonicNs());
  }

  /** Changes what becomes of writes from now on. Any thread; {@link #step} has to follow soon. */
  void setPolicy(final OnFull wanted) {
    policy = wanted;
  }

  /** Whether {@link #step} may find something to do. Any thread; waits for nothing. */
  boolean mayHaveWork() {
    return policy == OnFull.GAP || sinceNs != 0;
  }

  /** What becomes of writes. Any thread. */
  OnFull policy() {
    return policy;
  }

  /**
   * The recorder is about to end: a gap is closed as soon as the ring has room, however full the
   * spool. Any thread.
   */
  void end() {
    ending = true;
  }

  /** Whether writes go unrecorded, or have and nobody reads them back yet. Any thread. */
  synchronized boolean isPending() {
    return state == State.MISSED || !unremembered.isEmpty();
  }

  /** What became of writes. Any thread. */
  CaptureStatus.Gaps status() {
    final long ns = sinceNs;
    return new CaptureStatus.Gaps(
        policy, ns == 0 ? Optional.empty() : Optional.of(Nanos.toInstant(ns)), gaps, missedBlocks);
  }

  /** Whether regions that seem idle may be taken for clean. Any thread. */
  synchronized boolean isSettled() {
    return state == State.RECORDED;
  }

  /** In how many ns {@link #step} may have something to do, unless somebody is refused before. */
  long untilStepNs() {
    synchronized (this) {
      if (state == State.RECORDED && (policy != OnFull.GAP || !isRefused())) {
        return Long.MAX_VALUE;
      }
      if (failing) {
        return retry.leftNs(clock.monotonicNs());
      }
      return !unnamed.isEmpty() && consumer.isTaking() ? NAMING_NS : LOOK_NS;
    }
  }

  /**
   * One step.
   *
   * @return whether there was one
   */
  synchronized boolean step() {
    if (!retry.isDue(clock.monotonicNs())) {
      return false;
    }
    try {
      final boolean done =
          switch (state) {
            case RECORDED -> begin();
            case MISSED -> close();
            case NAMED -> begin() || settle();
          };
      failing = false;
      retry.succeeded();
      return done;
    } catch (final IOException e) {
      if (!failing) {
        LOG.error("{}: {}", problem(), e.toString());
      }
      failing = true;
      retry.failed(clock.monotonicNs());
      return false;
    }
  }

  private String problem() {
    return state == State.RECORDED
        ? "writes wait, since it can not be noted down that they go unrecorded"
        : "the gap in the record can not be noted down yet";
  }

  /** Whether somebody waits for a spool that takes nothing. */
  private boolean isRefused() {
    return consumer.isRefused() && (ring.queuesWaitingForRoom() > 0 || consumer.isAwaited());
  }

  private boolean begin() throws IOException {
    if (policy != OnFull.GAP || ending || !isRefused()) {
      return false;
    }
    synchronized (log) {
      log.distrust(GapReason.NO_ROOM);
    }
    state = State.MISSED;
    sinceNs = clock.nowNs();
    gaps++;
    told = telling.isDue(clock.monotonicNs());
    if (told) {
      LOG.error(
          "writes go unrecorded from now on: {}{}",
          consumer.failure() == null
              ? "the spool has taken %d of %d bytes".formatted(spool.bytes(), spool.limitBytes())
              : "the spool does not take records",
          telling.andOmitted());
    }
    ring.beginMissing();
    return true;
  }

  private boolean close() {
    if (policy == OnFull.BLOCK && ring.missed().isMissing()) {
      take(); // writes wait from now on
    }
    if (policy == OnFull.GAP && !ending && ring.missed().isHeld() && isRefused()) {
      ring.beginMissing(); // half of it is named: nobody waits for the other half
      return true;
    }
    if (!consumer.isTaking() || ring.claimed() - ring.released() > ring.slots() / 4) {
      return false;
    }
    if (ring.missed().isMissing()) {
      if (isShort()) {
        return false;
      }
      take();
    }
    return name();
  }

  /** Puts the gap into the order, as far as the ring has room; no write comes before its end. */
  private boolean name() {
    boolean done = false;
    while (!unnamed.isEmpty()) {
      final Doubt.Range range = unnamed.getFirst();
      final long blocks = Math.min(range.blocks(), Integer.MAX_VALUE);
      final long sequence = ring.offerGap(range.block(), blocks, GapReason.NO_ROOM);
      if (sequence == QueueTap.FULL) {
        return done;
      }
      done = true;
      lastSequence = sequence;
      unnamed.removeFirst();
      if (blocks < range.blocks()) {
        unnamed.addFirst(new Doubt.Range(range.block() + blocks, range.blocks() - blocks));
      }
    }
    state = State.NAMED;
    if (told) {
      LOG.warn("writes are recorded again, after {} ms", (clock.nowNs() - sinceNs) / 1_000_000);
    }
    sinceNs = 0;
    ring.endMissing();
    return true;
  }

  /** Not before half of the spool is free: or the next gap would follow at once. */
  private boolean isShort() {
    return policy == OnFull.GAP && !ending && spool.bytes() > spool.limitBytes() / 2;
  }

  private void take() {
    final Doubt taken =
        Doubt.ofUnits(
            ring.takeMissed(),
            ring.missed().unitBlocks(),
            RecordDescriptor.blocks(spool.diskBytes()));
    final Doubt gap = taken.joinedTo(mostPieces());
    unnamed.addAll(gap.ranges());
    unremembered = unremembered.plus(taken);
    missedBlocks += gap.blocks();
  }

  /** Half of the room that writes have waited for is theirs, however scattered the gap. */
  private int mostPieces() {
    if (ending) { // there is no limit any more
      return Doubt.MOST_RANGES;
    }
    final long pieces =
        (spool.limitBytes() - spool.bytes()) / 2 / SpoolWriter.POINT_FOOTPRINT_BYTES;
    return (int) Math.clamp(pieces, ring.slots() / 4, Doubt.MOST_RANGES);
  }

  /** Each of the two may be repeated, and a crash between them leaves the gap to the next start. */
  private boolean settle() throws IOException {
    if (!unremembered.isEmpty()) {
      doubts.add(unremembered);
      unremembered = Doubt.NONE;
      return true;
    }
    if (ring.durableSequence() < lastSequence) {
      return false;
    }
    synchronized (log) {
      if (log.distrustReason() == GapReason.NO_ROOM) { // another reason stands
        log.trust();
      }
    }
    state = State.RECORDED;
    return true;
  }
}
