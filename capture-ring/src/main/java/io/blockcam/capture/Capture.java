package io.blockcam.capture;

import io.blockcam.archive.record.GapReason;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.capture.disk.Backing;
import io.blockcam.capture.disk.BackingReader;
import io.blockcam.capture.ring.CaptureRing;
import io.blockcam.capture.ring.DirtyRegions;
import io.blockcam.capture.ring.Slab;
import io.blockcam.capture.ring.SlabException;
import io.blockcam.capture.ring.SlabHeader;
import io.blockcam.capture.ring.WallClock;
import io.blockcam.capture.spool.Doubt;
import io.blockcam.capture.spool.RegionLog;
import io.blockcam.capture.spool.SealRules;
import io.blockcam.capture.spool.Spool;
import io.blockcam.capture.spool.SpoolState;
import io.blockcam.capture.spool.SpoolWriter;
import io.blockcam.ublk.tap.QueueTap;
import io.blockcam.ublk.tap.RangeLock;
import io.blockcam.ublk.tap.WriteTap;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One run of the recorder: an epoch.
 *
 * <p>Order of events: {@link #start}, then the device with {@link #tap}; at the end the device's
 * queues, then {@link #stop}, then the uploader, then the spool. Control thread.
 */
public final class Capture {
  private static final Duration MARK_POLL = Duration.ofMillis(5);
  private static final int NO_QUEUE = -1;
  private static final Logger LOG = LoggerFactory.getLogger(Capture.class);

  /** How long {@link #stop} waits for its threads, beyond the limit it was given. */
  public static final Duration END_LIMIT = Duration.ofSeconds(19);

  private static final Duration CONSUMER_LIMIT = Duration.ofSeconds(2);
  private static final Duration CLOCK_LIMIT = Duration.ofSeconds(1);
  private static final long HOPELESS_NS = TimeUnit.SECONDS.toNanos(5);
  private static final Duration DISK_LIMIT = Duration.ofSeconds(15);
  private static final Duration READER_IDLE = Duration.ofSeconds(1);
  private static final long POLL_NS = 1_000_000;

  private final CaptureOptions options;
  private final Spool spool;
  private final long epoch;
  private final Slab slab;
  private final CaptureRing ring;
  private final SpoolWriter writer;
  private final RegionLog regionLog;
  private final RegionKeeper keeper;
  private final GapKeeper gaps;
  private final WallClock clock;
  private final ReadBack readBack;
  private final RecordConsumer consumer;
  private final CompletableFuture<Throwable> failure = new CompletableFuture<>();
  private final Thread consumerThread;
  private final Thread regionThread;
  private final Thread diskThread;
  private final Thread clockThread;
  private final ClockTicker ticker;

  /** 0 before. */
  private volatile long stopSinceNs;

  /** When something last made room in the spool; 0 before. */
  private volatile long removedSinceNs;

  private volatile BooleanSupplier makesRoom = () -> false;

  private volatile boolean abandoned;
  private volatile boolean handedOver;
  private volatile boolean regionsStopped;
  private volatile boolean diskStopped;
  private volatile boolean clockStopped;
  private boolean stopped;

  /** Guarded by this. */
  private boolean endOffered;

  /** Of whoever makes marks, one after the other. */
  private final QueueTap marks;

  /** What is recorded, and who reads it for what is read back. */
  private record Disk(Backing backing, Executor readers) {}

  private Capture(
      final Spool spool,
      final CaptureOptions options,
      final Disk disk,
      final WallClock clock,
      final RegionLog regionLog,
      final Slab slab)
      throws IOException {
    final SpoolState state = spool.state();
    this.options = options;
    this.spool = spool;
    this.epoch = state.epoch();
    this.slab = slab;
    this.regionLog = regionLog;
    this.ring =
        new CaptureRing(
            slab,
            clock,
            new DirtyRegions(spool.diskBytes(), regionLog.regionBytes()),
            options.maxWriteSectors());
    this.marks = ring.openQueue(NO_QUEUE, () -> {});
    this.clock = clock;
    this.readBack =
        new ReadBack(
            spool,
            ring,
            disk.backing(),
            disk.readers(),
            options.readBackBytesPerSecond(),
            clock::monotonicNs);
    spool.onLoss(readBack);
    this.writer = new SpoolWriter(spool, epoch, options.seal(), clock, readBack);
    this.consumer =
        new RecordConsumer(ring, writer, readBack, state.lastTimestampNs(), clock::monotonicNs);
    this.gaps = new GapKeeper(ring, spool, consumer, regionLog, readBack, clock);
    gaps.setPolicy(options.onFull());
    readBack.leaveRoom(options.onFull() == OnFull.GAP);
    this.keeper =
        new RegionKeeper(regionLog, ring, disk.backing(), clock::monotonicNs, gaps::isSettled);
    this.ticker = new ClockTicker(clock, ring);
    this.consumerThread = new Thread(this::consume, "blockcam-consumer");
    this.regionThread = new Thread(this::markRegions, "blockcam-regions");
    this.diskThread = new Thread(this::lookAtDisk, "blockcam-disk");
    diskThread.setDaemon(true); // it may hang in a disk that does not answer
    ring.regions().onWanted(() -> LockSupport.unpark(regionThread));
    ring.onRefused(this::lookAtGaps);
    consumer.onRefused(this::lookAtGaps);
    this.clockThread = new Thread(this::tick, "blockcam-clock");
    clockThread.setDaemon(true);
    spool.onRemoved(
        () -> {
          removedSinceNs = clock.monotonicNs();
          ring.wake();
          lookAtGaps();
        });
  }

  /**
   * Brings what an earlier run left into the spool, reads back what it left in doubt, then begins
   * an epoch.
   *
   * @param spool stays the caller's, and must stay open until {@link #stop} has returned
   * @param disk what is recorded; must stay readable until {@link #stop} has returned
   * @throws IOException with one line: what, which value, what to do
   * @throws IllegalArgumentException when the spool's limit does not hold one write
   */
  public static Capture start(final Spool spool, final CaptureOptions options, final Backing disk)
      throws IOException {
    final Capture capture = prepare(spool, options, disk, WallClock.Source.system(), readers());
    capture.consumerThread.start();
    capture.regionThread.start();
    capture.diskThread.start();
    capture.clockThread.start();
    return capture;
  }

  /** Threads that end when there is nothing to read, and that may hang in a disk. */
  private static Executor readers() {
    final ThreadPoolExecutor readers =
        new ThreadPoolExecutor(
            RangeLock.PLACES,
            RangeLock.PLACES,
            READER_IDLE.toMillis(),
            TimeUnit.MILLISECONDS,
            new LinkedBlockingQueue<>(),
            Thread.ofPlatform().daemon().name("blockcam-read-", 0).factory());
    readers.allowCoreThreadTimeOut(true);
    return readers;
  }

  /**
   * Gives the spool another limit. Any thread.
   *
   * @throws IllegalArgumentException when that does not hold one write
   */
  public void setSpoolLimit(final long bytes) {
    options.checkSpoolLimit(bytes);
    LOG.info("the spool may take {} bytes from now on, {} before", bytes, spool.limitBytes());
    spool.setLimitBytes(bytes);
    ring.wake(); // writes may wait for that
  }

  /** Changes what becomes of writes when there is no room for their records. Any thread. */
  public void setOnFull(final OnFull wanted) {
    LOG.info("when ring and spool are full: {} from now on, {} before", wanted, gaps.policy());
    gaps.setPolicy(wanted);
    readBack.leaveRoom(wanted == OnFull.GAP);
    LockSupport.unpark(regionThread);
  }

  /** Also on a queue's thread. */
  private void lookAtGaps() {
    if (gaps.mayHaveWork()) {
      LockSupport.unpark(regionThread);
    }
  }

  /**
   * All of {@link #start} but the threads: a test does their work itself, one step at a time.
   *
   * @param readers read the disk for what is read back
   */
  static Capture prepare(
      final Spool spool,
      final CaptureOptions options,
      final Backing disk,
      final WallClock.Source clocks,
      final Executor readers)
      throws IOException {
    options.checkSpoolLimit(spool.limitBytes());
    final WallClock clock = new WallClock(clocks);
    final RegionLog regions = spool.regions(options.leastRegionBytes());
    try {
      return prepare(spool, options, new Disk(disk, readers), clock, regions);
    } catch (final IOException | RuntimeException | Error e) {
      regions.close();
      throw e;
    }
  }

  private static Capture prepare(
      final Spool spool,
      final CaptureOptions options,
      final Disk disk,
      final WallClock clock,
      final RegionLog regions)
      throws IOException {
    // With the ring of the epoch before, nothing is missing but what it says itself. Without it, or
    // if the disk has lost what it had taken, all that is dirty may differ.
    Doubt missed = Doubt.NONE;
    final UUID boot = clock.bootId();
    final boolean recovered = recoverLeft(spool, options, clock, regions);
    if (recovered) {
      spool.becomeWhole(boot); // a start that dies from here on must take nothing for lost
    }
    final long epoch = spool.beginEpoch();
    regions.growTo(spool.diskBytes()); // not before that is durable: it would not fit
    if (!recovered || regions.isDistrusted()) {
      missed = regions.dirtyBlocks();
      spool.addDoubt(missed);
    }
    final GapReason why =
        regions.isDistrusted() ? regions.distrustReason() : GapReason.RECORDS_LOST;
    begin(spool, options, disk.backing(), clock, missed.ranges(), why);
    if (!recovered) {
      spool.becomeWhole(boot); // what is missing is in the record now, as a gap
    }
    regions.trust();
    final SpoolState state = spool.state();
    final Slab slab =
        Slab.create(
            options.ringFile(),
            new SlabHeader(
                state.recordingId(),
                epoch,
                state.nextSequence(),
                options.ringSlots(),
                spool.diskBytes(),
                boot,
                clock.nowNs()));
    try {
      spool.beginRing();
      return new Capture(spool, options, disk, clock, regions, slab);
    } catch (final IOException | RuntimeException | Error e) {
      slab.close();
      throw e;
    }
  }

  /** Where the device's queues offer their writes. */
  public WriteTap tap() {
    return ring;
  }

  /**
   * Completes with the reason when one of its threads has died; never otherwise. Flushes, writes or
   * the clock stand still then: the device must be stopped or left.
   */
  public CompletableFuture<Throwable> failure() {
    return failure;
  }

  /**
   * To be called before the device is stopped: what the stop itself writes and flushes must not
   * wait for room in a full spool.
   */
  public void prepareStop() {
    stopSinceNs = clock.monotonicNs();
    consumer.liftLimit();
    readBack.leaveRoom(false);
    gaps.end();
    LockSupport.unpark(regionThread);
  }

  /** Some of the blocks that this run has put into the record, in order. Any thread. */
  public long[] sampledBlocks() {
    return consumer.sample().blocks();
  }

  /** A snapshot. Any thread. */
  public CaptureStatus status() {
    final @Nullable Throwable failure = consumer.failure();
    final long released = ring.released();
    final long claimed = Math.max(ring.claimed(), released);
    return new CaptureStatus(
        epoch,
        ring.slots(),
        claimed - released,
        claimed,
        consumer.appendedSequence(),
        ring.durableSequence(),
        spool.bytes(),
        spool.limitBytes(),
        spool.removedBytes(),
        spool.waitingSince(),
        spool.isBlocked(),
        spool.backlog(),
        ring.queuesWaitingForRoom(),
        ring.refusedOffers(),
        gaps.status(),
        consumer.watermarks().crossings(),
        spool.watermarks().crossings(),
        readBack.blocksToldOf(),
        consumer.failures(),
        failure == null ? "" : failure.toString());
  }

  /**
   * Ends the epoch: everything offered goes into the spool, with a stop record at its end, sealed.
   * The device's queues must have ended.
   *
   * @param limit how long to wait for a spool that fails, or for writes that were never completed
   * @return false when time ran out: the ring's file then stays, for the next start to go on with
   */
  public boolean stop(final Duration limit) throws IOException {
    if (stopped) {
      return consumer.isFinished();
    }
    stopped = true;
    final long deadlineNs = System.nanoTime() + limit.toNanos();
    endClock();
    prepareStop();
    awaitEndOfGap(deadlineNs);
    readBack.retryAtOnce();
    awaitEndOfDoubt(deadlineNs - limit.toNanos() / 2);
    readBack.stop();
    endEpoch(deadlineNs);
    final boolean ended = endThreads();
    final boolean clean = keepWhatIsLeft();
    if (ended) {
      close();
    }
    return clean;
  }

  /**
   * Ends the epoch, in place of {@link #stop}, for a start that follows at once: the disk is not
   * synced, what is to be read back is left to that one. The device's queues must have ended.
   *
   * @param limit how long to wait for the spool; what it does not take in time stays in the ring
   * @throws IOException when not everything is let go of; only the end of the process does that
   */
  public void handOver(final Duration limit) throws IOException {
    handedOver = true;
    final long deadlineNs = System.nanoTime() + limit.toNanos();
    prepareStop();
    awaitEndOfGap(deadlineNs);
    readBack.stop();
    endEpoch(deadlineNs);
    leave();
  }

  /** What was missed has to be named before the epoch ends. */
  private void awaitEndOfGap(final long deadlineNs) {
    while (gaps.isPending() && !isHopeless() && System.nanoTime() - deadlineNs < 0) {
      LockSupport.parkNanos(POLL_NS);
    }
  }

  /** A write that failed is in doubt only once the spool has taken its record. */
  private void awaitEndOfDoubt(final long deadlineNs) {
    final long last = ring.claimed();
    while (((!hasTaken(last) && !isHopeless()) || readBack.isAlmostDone())
        && System.nanoTime() - deadlineNs < 0) {
      LockSupport.parkNanos(POLL_NS);
    }
  }

  /** Whether everything up to a sequence went into the spool. */
  boolean hasTaken(final long sequence) {
    return consumer.appendedSequence() >= sequence;
  }

  /** The newest sequence that has a place in the order. */
  long claimed() {
    return ring.claimed();
  }

  /**
   * Whether a stop waits in vain for the spool, on a full file system say: for seconds it has taken
   * nothing and nobody has made room, nor does now. What is in the ring is left to the next start.
   * Any thread.
   */
  public boolean isHopeless() {
    final long sinceNs = stopSinceNs;
    return sinceNs != 0
        && isLongAgo(sinceNs)
        && (removedSinceNs == 0 || isLongAgo(removedSinceNs))
        && consumer.failingNs() > HOPELESS_NS
        && !makesRoom.getAsBoolean();
  }

  private boolean isLongAgo(final long ns) {
    return clock.monotonicNs() - ns > HOPELESS_NS;
  }

  /**
   * Says how to learn whether somebody is about to make room in the spool, so that a stop does not
   * give up too early. Before a stop.
   *
   * @param answer called by any thread; waits for nothing
   */
  public void whetherRoomIsMade(final BooleanSupplier answer) {
    makesRoom = answer;
  }

  private void endEpoch(final long deadlineNs) {
    boolean offered = offerStop();
    while (!offered && !isHopeless() && System.nanoTime() - deadlineNs < 0) {
      LockSupport.parkNanos(POLL_NS);
      offered = offerStop();
    }
    consumer.requestFinish();
    while (!consumer.isFinished() && !isHopeless() && System.nanoTime() - deadlineNs < 0) {
      LockSupport.parkNanos(POLL_NS);
    }
  }

  /**
   * Ends as a kill would, in place of {@link #stop}: nothing more goes into the record, and what
   * ring and spool hold is left to the next start. The device's queues must have ended.
   *
   * @throws IOException when not everything is let go of; only the end of the process does that
   */
  public void leave() throws IOException {
    stopped = true;
    endClock();
    readBack.stop();
    if (!endThreads()) {
      throw new IOException("a thread still waits for the spool or the disk");
    }
    close();
  }

  /**
   * Ends the threads, as far as they can be ended.
   *
   * @return whether all have: one that hangs in the disk must not find its memory gone
   */
  private boolean endThreads() {
    abandoned = true;
    ring.wake();
    final boolean ended =
        joined(consumerThread, CONSUMER_LIMIT) && writer.withdrawSeal(CONSUMER_LIMIT);
    spool.onRemoved(() -> {});
    diskStopped = true;
    LockSupport.unpark(diskThread);
    final long diskDeadlineNs = System.nanoTime() + DISK_LIMIT.toNanos();
    boolean diskEnded = joined(diskThread, DISK_LIMIT);
    while (readBack.isReading() && System.nanoTime() - diskDeadlineNs < 0) {
      LockSupport.parkNanos(POLL_NS);
    }
    diskEnded &= !readBack.isReading();
    regionsStopped = true;
    LockSupport.unpark(regionThread);
    return ended & diskEnded & joined(regionThread, CLOCK_LIMIT) & !clockThread.isAlive();
  }

  /**
   * Names this moment. Any thread.
   *
   * @param text 1 to 4096 bytes of UTF-8
   * @param limit how long to wait for room in the ring, and until it is durable
   * @return the sequence of the record
   * @throws IOException when it is not in the record by then, or the epoch has ended
   */
  public long mark(final byte[] text, final Duration limit)
      throws IOException, InterruptedException {
    final long deadlineNs = System.nanoTime() + limit.toNanos();
    synchronized (marks) {
      long sequence = offerMark(text);
      while (sequence == QueueTap.FULL && System.nanoTime() - deadlineNs < 0) {
        Thread.sleep(MARK_POLL);
        sequence = offerMark(text);
      }
      if (sequence == QueueTap.FULL) {
        throw new IOException("the ring is full: the spool or the archive is behind");
      }
      marks.requestDurable(sequence);
      // Not what the queues are told, which do not wait for the record while there is a gap.
      while (ring.durableSequence() < sequence) {
        if (System.nanoTime() - deadlineNs >= 0) {
          throw new IOException("seq:%d is not durable yet".formatted(sequence));
        }
        Thread.sleep(MARK_POLL);
      }
      return sequence;
    }
  }

  /** Not between the last record of an epoch and its end. */
  private synchronized long offerMark(final byte[] text) throws IOException {
    if (endOffered) {
      throw new IOException("the recorder is about to end");
    }
    return ring.offerMark(text);
  }

  /** The last record of the epoch; false when the ring has no room for it now. */
  synchronized boolean offerStop() {
    endOffered = true;
    ring.refuseOffers();
    return ring.offerEvent(RecordKind.STOP, 0) != QueueTap.FULL;
  }

  /**
   * Removes the ring's file when all of it is in the spool.
   *
   * @return whether it is
   */
  boolean keepWhatIsLeft() throws IOException {
    if (consumer.isFinished()) {
      readBack.settle(); // everything is sealed, so what was read back is durable
      if (keeper.isNoted()) {
        spool.becomeWhole(slab.header().bootId());
      } // else the next start reads back what is dirty, since it finds no ring
      slab.markClean();
      slab.delete();
      return true;
    }
    LOG.warn(
        "stopped with {} records only in {}; the next start goes on with them",
        ring.claimed() - consumer.appendedSequence(),
        slab.file());
    return false;
  }

  /** Lets go of files and memory. When no thread uses them any more. */
  void close() throws IOException {
    regionLog.close();
    spool.onLoss(null);
    readBack.close();
    writer.close();
    slab.close();
  }

  /** The ring's memory. */
  Slab slab() {
    return slab;
  }

  /** What lets writes go unrecorded. */
  GapKeeper gaps() {
    return gaps;
  }

  /** Everything is durable in the record, and nobody writes any more. */
  void endRegions() {
    while (gaps.step()) {
      // a gap that was closed is settled now
    }
    keeper.end();
  }

  /** What the thread that reads the clock does. */
  ClockTicker ticker() {
    return ticker;
  }

  /** What the thread that fills the spool does. */
  RecordConsumer consumer() {
    return consumer;
  }

  /** What reads back the doubts that arise. */
  ReadBack readBack() {
    return readBack;
  }

  /** What keeps the log of dirty regions. */
  RegionKeeper keeper() {
    return keeper;
  }

  private void markRegions() {
    try {
      while (!regionsStopped) {
        if (keeper.mark() | gaps.step()) {
          LockSupport.unpark(diskThread); // there is something to be cleaned, or read back, now
        } else {
          LockSupport.parkNanos(Math.min(keeper.untilMarkNs(), gaps.untilStepNs()));
        }
      }
    } catch (final Throwable e) { // nobody else would learn of it, and writes would wait
      failure.complete(e);
    }
  }

  private void lookAtDisk() {
    try {
      while (!diskStopped) {
        if (!lookAtDiskOnce()) {
          readBack.awaitWork(keeper.untilCleanNs());
        }
      }
      if (consumer.isFinished() && !handedOver) {
        endRegions();
      }
    } catch (final Throwable e) { // nobody else would learn of it, and disk and record differ
      failure.complete(e);
    }
  }

  /**
   * One step of reading back, one of cleaning regions. A sync of the disk takes as long as it
   * likes, so none while the guest waits for a range.
   *
   * @return whether there was something to do
   */
  boolean lookAtDiskOnce() {
    final boolean due = keeper.isCleanDue();
    final boolean done = readBack.doWork(/* mayBegin= */ !due);
    if (!due) {
      return done | keeper.beginRound();
    }
    if (readBack.holdsRange()) {
      return done;
    }
    keeper.clean(); // which waits for the disk
    return true;
  }

  private void consume() {
    consume(consumer, () -> !consumer.isFinished() && !abandoned, failure);
  }

  /** The life of the consumer's thread. Its death is told, whatever it died of. */
  static void consume(
      final RecordConsumer consumer,
      final BooleanSupplier goesOn,
      final CompletableFuture<Throwable> failure) {
    try {
      while (goesOn.getAsBoolean()) {
        consumer.doWork();
        consumer.awaitWork();
      }
    } catch (final Throwable e) { // nobody else would learn of it, and every flush would wait
      failure.complete(e);
    }
  }

  private void tick() {
    try {
      while (!clockStopped) {
        ticker.doWork();
        LockSupport.parkNanos(WallClock.TICK_PERIOD_NS);
      }
    } catch (final Throwable e) { // nobody else would learn of it, and time would stand still
      failure.complete(e);
    }
  }

  private void endClock() {
    clockStopped = true;
    LockSupport.unpark(clockThread);
    joined(clockThread, CLOCK_LIMIT);
  }

  private static boolean joined(final Thread thread, final Duration limit) {
    try {
      return thread.join(limit);
    } catch (final InterruptedException e) {
      Thread.currentThread().interrupt();
      return !thread.isAlive();
    }
  }

  /** Before there is a device nobody waits for anything but this. */
  private static SpoolWriter startWriter(
      final Spool spool, final long epoch, final CaptureOptions options, final WallClock clock) {
    final SealRules rules = SealRules.inTurn(options.seal().limits(), options.seal().after());
    return new SpoolWriter(spool, epoch, rules, clock, spool::addDoubt);
  }

  /**
   * Brings what the epoch before has left in the ring into the spool.
   *
   * @return whether all that the epoch had offered is in the spool
   */
  private static boolean recoverLeft(
      final Spool spool,
      final CaptureOptions options,
      final WallClock clock,
      final RegionLog regions)
      throws IOException {
    try (Slab left = Slab.openLeft(options.ringFile())) {
      final SpoolState state = spool.state();
      final boolean whole = clock.bootId().equals(state.wholeInBoot());
      if (left == null || !left.isUnclean()) {
        return whole;
      }
      final SlabHeader header = left.header();
      if (!header.bootId().equals(clock.bootId())) {
        LOG.warn("{} is from before a reboot, its content is not used", left.file());
        return whole;
      }
      if (!header.recordingId().equals(spool.recording().id())) {
        throw new SlabException(
            left.file(),
            "holds records of another recording, %s; start that one or move the file away"
                .formatted(header.recordingId()));
      }
      if (whole && header.epoch() <= state.epoch()) {
        return true; // a start after that one did not come to a ring of its own
      }
      if (header.epoch() != state.epoch() || state.nextSequence() < header.baseSequence()) {
        throw new SlabException(
            left.file(),
            "belongs to epoch %d, the spool is at epoch %d; bring its spool back or move it away"
                .formatted(header.epoch(), state.epoch()));
      }
      try (SpoolWriter sink = startWriter(spool, header.epoch(), options, clock)) {
        sink.ignoreLimit();
        final RingRecovery recovery = new RingRecovery(left, sink, state.lastTimestampNs());
        if (recovery.isBehindTheRing(state.nextSequence())) {
          LOG.error(
              "records from {} on are missing in {}, and {} has only later ones: all of the disk is read back",
              state.nextSequence(),
              spool.directory(),
              left.file());
          regions.distrustAll(GapReason.RECORDS_LOST);
          left.markClean();
          return false;
        }
        final Doubt doubt = recovery.doubt(state.nextSequence());
        spool.addDoubt(doubt);
        final long records = recovery.recover(state.nextSequence());
        LOG.info(
            "{} records of epoch {} were still in {}, {} blocks of them of unknown outcome",
            records,
            header.epoch(),
            left.file(),
            doubt.blocks());
      }
      return true;
    }
  }

  /** What the spool has no room for is read back later, when the device is live. */
  private static long recordsThatFit(final Spool spool) {
    final long roomBytes = Math.max(0, spool.limitBytes() - spool.bytes());
    return roomBytes / SpoolWriter.RECORD_FOOTPRINT_BYTES;
  }

  /**
   * The epoch begins, durable before anything can happen in it; then what is in doubt is read back.
   */
  private static void begin(
      final Spool spool,
      final CaptureOptions options,
      final BackingReader disk,
      final WallClock clock,
      final List<Doubt.Range> missed,
      final GapReason why)
      throws IOException {
    final Doubt doubt = spool.doubt();
    if (!doubt.isEmpty()) {
      LOG.info("{} blocks may differ between disk and record: reading them back", doubt.blocks());
    }
    final SpoolState state = spool.state();
    clock.notBefore(state.lastTimestampNs());
    try (SpoolWriter sink = startWriter(spool, state.epoch(), options, clock)) {
      sink.ignoreLimit();
      final Resync resync =
          new Resync(sink, disk, spool.diskBytes(), state, recordsThatFit(spool), clock);
      resync.start();
      final Doubt unread = resync.run(missed, why, doubt);
      if (!doubt.isEmpty()) {
        spool.reduceDoubt(unread);
      }
      if (!unread.isEmpty()) {
        LOG.info("{} of them are read back while the device is in use", unread.blocks());
      }
    }
  }
}
