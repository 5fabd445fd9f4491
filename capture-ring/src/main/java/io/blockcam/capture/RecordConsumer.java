package io.blockcam.capture;

import io.blockcam.archive.log.RecordView;
import io.blockcam.archive.record.RecordFlags;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.capture.disk.BlockSample;
import io.blockcam.capture.ring.CaptureRing;
import io.blockcam.capture.ring.Slab;
import io.blockcam.capture.spool.Doubt;
import io.blockcam.capture.spool.Doubts;
import io.blockcam.capture.spool.RecordSink;
import io.blockcam.capture.spool.Watermarks;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes writes from the ring, in order and whole, and puts them into the spool.
 *
 * <p>A duty cycle: append what is published, hand it to the kernel, and only then give the slots
 * back, so that a record is at any instant in the ring's file or in the spool's. Then seal what is
 * old, and make durable what a queue waits for: one force serves all of them.
 *
 * <p>A test can drive it by hand: {@link #doWork} never waits for work, {@link #awaitWork} does
 * nothing else. Both run on one thread. When the spool fails the records stay in the ring and the
 * same step is tried again, later and later.
 */
public final class RecordConsumer {
  private static final Logger LOG = LoggerFactory.getLogger(RecordConsumer.class);

  /** Slots are given back at least this often. */
  private static final int BATCH_RECORDS = 256;

  /**
   * What has come is taken at once, what follows it together: when there is so much of it, or after
   * so long. In the ring's file it is as safe as in the spool's, and to wake the consumer for each
   * write would cost more than the write.
   */
  private static final int TOGETHER_RECORDS = 512;

  private static final long TOGETHER_NS = 5_000_000L;

  /**
   * Who has just waited for a FLUSH soon asks for the next one: so long after it the consumer looks
   * for records before it parks, so long each time. On a single processor it would keep away whom
   * it waits for.
   */
  private static final long EAGER_NS = 1_000_000L;

  private static final long SPIN_NS = Runtime.getRuntime().availableProcessors() > 1 ? 50_000L : 0;

  private static final long IDLE_NS = 1_000_000_000L;
  private static final long FIRST_RETRY_NS = 10_000_000L;
  private static final long LAST_RETRY_NS = 2_000_000_000L;
  private static final RecordKind[] KINDS = kinds();

  private final CaptureRing ring;
  private final Slab slab;
  private final RecordSink sink;
  private final Doubts doubts;
  private final LongSupplier clockNs;
  private final BlockSample sample = new BlockSample();
  private final RecordView record = new RecordView();
  private final TimeOrder times;
  private final int together;

  // The next record to append, and the write it belongs to.
  private long next;
  private long writeEnd;
  private int outcomeFlags;

  /** Writes through this one that failed are known to be in doubt. */
  private long doubtedThrough;

  private final Watermarks watermarks;

  /** Whether the spool refused the write that is next, in this cycle. */
  private boolean refused;

  /** Whether more is likely to come soon: something was taken since the last wait. */
  private boolean busy;

  private boolean forceWanted;

  /** When somebody was last made to wait for a sync. */
  private long forcedNs;

  private final RetryTimer retry;

  private volatile long appended;
  private volatile long durable;
  private volatile boolean unlimited;
  private volatile boolean finishing;
  private volatile State state = State.TAKING;
  private volatile boolean awaited;
  private volatile Runnable onRefused = () -> {};
  private final AtomicLong failures = new AtomicLong();

  /** 0 while the spool takes what it is given. */
  private volatile long failingSinceNs;

  private final AtomicReference<@Nullable IOException> failure = new AtomicReference<>();

  /** What the consumer's last cycle came to; see {@link #enter}. */
  private enum State {
    /** Took what there was. */
    TAKING,
    /** Found the spool's limit reached: nothing is taken until something was shipped. */
    BLOCKED,
    /** Could not write: the same step is tried again, later. */
    FAILING,
    /** Everything is sealed. Nothing follows. */
    FINISHED
  }

  /**
   * Begins at the ring's first sequence.
   *
   * @param doubts told what a write that failed may have changed, before its record is handed over
   * @param lastTimestampNs of the last record before, in ns; none is recorded before it
   * @param clockNs {@link System#nanoTime}, or what a test puts in its place
   */
  public RecordConsumer(
      final CaptureRing ring,
      final RecordSink sink,
      final Doubts doubts,
      final long lastTimestampNs,
      final LongSupplier clockNs) {
    this.ring = ring;
    this.doubts = doubts;
    this.slab = ring.slab();
    this.sink = sink;
    this.times = new TimeOrder(lastTimestampNs);
    this.clockNs = clockNs;
    this.forcedNs = clockNs.getAsLong() - EAGER_NS;
    this.next = ring.baseSequence();
    this.writeEnd = next;
    this.doubtedThrough = next - 1;
    this.appended = next - 1;
    this.durable = next - 1;
    this.together = Math.min(TOGETHER_RECORDS, ring.slots() / 4);
    this.watermarks = new Watermarks("ring", ring.slots());
    this.retry = new RetryTimer(FIRST_RETRY_NS, LAST_RETRY_NS, clockNs.getAsLong());
  }

  /**
   * One duty cycle. What the spool cannot do is tried again; anything else is thrown, since nobody
   * knows in what state it left the spool's writer: {@link Capture#failure} then tells of the death
   * of its thread, and a new start goes on with what is in the files.
   *
   * @return how much was done; 0 means that nothing is left to do now
   */
  public int doWork() {
    if (state == State.FINISHED || !retry.isDue(clockNs.getAsLong())) {
      return 0;
    }
    try {
      if (unlimited) {
        sink.ignoreLimit();
      }
      sink.settle();
      final int work = take() + sealOld() + makeDurable() + finish();
      if (failure.getAndSet(null) != null) {
        LOG.info("the spool takes records again, after {} failures", failures.getAndSet(0));
        failingSinceNs = 0;
        retry.succeeded();
      }
      if (state != State.FINISHED) {
        enter(refused ? State.BLOCKED : State.TAKING);
      }
      return work;
    } catch (final IOException e) {
      failed(e);
      return 0;
    }
  }

  /**
   * Waits for work that is worth a cycle, for the age of the open segment, or for the next attempt.
   * May return early; does so at once when there is much to take.
   */
  public void awaitWork() {
    if (state == State.FINISHED) {
      return;
    }
    final long nowNs = clockNs.getAsLong();
    long timeoutNs = IDLE_NS;
    if (!retry.isDue(nowNs)) {
      timeoutNs = Math.min(timeoutNs, retry.leftNs(nowNs));
    } else if (sink.sealDueNs() != Long.MAX_VALUE) {
      timeoutNs = Math.clamp(sink.sealDueNs() - nowNs, 0, timeoutNs);
    }
    final boolean eager = SPIN_NS > 0 && nowNs - forcedNs < EAGER_NS;
    if (state != State.TAKING) {
      // Slot of the next lap: not published before the slot was given back. Only a wake-up counts.
      ring.await(next + ring.slots(), timeoutNs, 0);
    } else if (busy && !eager && !ring.isForceAwaited()) {
      busy = false;
      ring.await(next + together - 1, Math.min(timeoutNs, TOGETHER_NS), 0);
    } else {
      ring.await(lastNeeded(), timeoutNs, eager ? SPIN_NS : 0);
    }
  }

  /**
   * Asks for the end: everything in the ring goes into the spool whatever its limit, the segment is
   * sealed. Nothing may be offered after this. Any thread.
   */
  public void requestFinish() {
    unlimited = true;
    finishing = true;
    ring.wake();
  }

  /**
   * From now on everything goes into the spool whatever its limit: the device is about to stop, and
   * its last writes and flushes must not wait for a room that only shipping would make. Any thread.
   */
  public void liftLimit() {
    unlimited = true;
    ring.wake();
  }

  /** Whether everything claimed was sealed after {@link #requestFinish}. Any thread. */
  public boolean isFinished() {
    return state == State.FINISHED;
  }

  /** Whether the spool took what there was, when it was last asked. Any thread. */
  boolean isTaking() {
    return state == State.TAKING;
  }

  /** Whether the spool takes nothing now: it is full, or fails. Any thread. */
  boolean isRefused() {
    return state == State.BLOCKED || state == State.FAILING;
  }

  /** Whether somebody waits for a record to be durable that the spool does not take. Any thread. */
  boolean isAwaited() {
    return awaited;
  }

  /**
   * Tells somebody, on the consumer's thread, each time the spool takes nothing, and once it does
   * again.
   */
  void onRefused(final Runnable listener) {
    onRefused = listener;
  }

  /** Sequence of the newest record that survives the death of the process. Any thread. */
  public long appendedSequence() {
    return appended;
  }

  /** Sequence of the newest record that survives a power cut. Any thread. */
  public long durableSequence() {
    return durable;
  }

  /** Some of the blocks that went into the record. Any thread. */
  BlockSample sample() {
    return sample;
  }

  /** Attempts that failed since the last one that succeeded. Any thread. */
  public long failures() {
    return failures.get();
  }

  /** Why the last attempt failed, null when it succeeded. Any thread. */
  public @Nullable IOException failure() {
    return failure.get();
  }

  /** For how long the spool has failed to take anything, in ns; 0 while it does not. Any thread. */
  long failingNs() {
    final long sinceNs = failingSinceNs;
    return sinceNs == 0 ? 0 : clockNs.getAsLong() - sinceNs;
  }

  private int take() throws IOException {
    final long from = next;
    refused = false;
    while (next < writeEnd || (next - from < BATCH_RECORDS && beginWrite())) {
      append(next);
      next++;
    }
    final long whole = writeEnd - 1;
    if (whole <= ring.released()) {
      return 0;
    }
    sink.write();
    appended = whole;
    busy = true;
    ring.release(whole);
    watermarks.update(ring.claimed() - whole);
    return 1;
  }

  /** Makes the next write the current one, if it is published as a whole and finds room. */
  private boolean beginWrite() throws IOException {
    if (!ring.isPublished(next)) {
      return false;
    }
    final int count = slab.count(next);
    if (ring.published(next, count) < next + count - 1) {
      return false; // its last slots become visible in a moment
    }
    if (!sink.admit(count)) {
      refused = true;
      return false;
    }
    outcomeFlags = 0;
    if (slab.result(next) < 0) {
      outcomeFlags = RecordFlags.FAILED;
      doubtFailed();
    }
    writeEnd = next + count;
    return true;
  }

  /**
   * A write that failed may have changed the disk in part. Told before its record leaves the ring,
   * so that a kill in between loses neither; all that are there at once, since each time costs a
   * sync.
   */
  private void doubtFailed() throws IOException {
    if (next <= doubtedThrough) {
      return;
    }
    final List<Doubt.Range> ranges = new ArrayList<>();
    long first = next;
    while (first < next + BATCH_RECORDS && ring.isPublished(first)) {
      final int count = slab.count(first);
      for (int i = 0; i < count && slab.result(first) < 0; i++) {
        slab.record(first + i, record);
        if (KINDS[record.kindCode()].setsContent()) {
          ranges.add(new Doubt.Range(record.block(), record.runBlocks()));
        }
      }
      first += count;
    }
    doubts.add(new Doubt(ranges));
    doubtedThrough = first - 1;
  }

  private void append(final long sequence) throws IOException {
    slab.record(sequence, record);
    final RecordView timed = times.next(record);
    final boolean hasPayload = KINDS[record.kindCode()].hasPayload();
    sink.append(
        timed,
        times.lastNs(),
        record.flags() | outcomeFlags,
        hasPayload ? slab.memory() : null,
        slab.payloadOffset(sequence));
    if (KINDS[record.kindCode()].setsContent() && hasPayload) {
      sample.add(record.block());
    }
  }

  /** How full the ring is, as it was told. Any thread. */
  public Watermarks watermarks() {
    return watermarks;
  }

  private int sealOld() throws IOException {
    final long dueNs = sink.sealDueNs();
    if (dueNs == Long.MAX_VALUE || clockNs.getAsLong() - dueNs < 0) {
      return 0;
    }
    sink.seal();
    madeDurable(); // a segment that has ended is
    return 1;
  }

  private int makeDurable() throws IOException {
    forceWanted |= ring.wantsForce(appended);
    if (!forceWanted) {
      return 0;
    }
    sink.force();
    forcedNs = clockNs.getAsLong();
    forceWanted = false;
    madeDurable();
    return 1;
  }

  private void madeDurable() {
    durable = appended;
    ring.madeDurable(appended);
  }

  private int finish() throws IOException {
    if (!finishing || appended < ring.claimed()) {
      return 0;
    }
    sink.finish();
    madeDurable();
    enter(State.FINISHED);
    return 1;
  }

  /** The only place where the state changes. */
  private void enter(final State reached) {
    assert state != State.FINISHED : "finished, and then " + reached;
    awaited = reached != State.FINISHED && reached != State.TAKING && isForceWanted();
    final boolean was = isRefused();
    state = reached;
    if (was || isRefused()) {
      onRefused.run();
    }
  }

  private boolean isForceWanted() {
    forceWanted |= ring.wantsForce(appended);
    return forceWanted || ring.isForceAwaited();
  }

  /** The sequence without which there is nothing to take. */
  private long lastNeeded() {
    return next < writeEnd || !ring.isPublished(next) ? next : next + slab.count(next) - 1;
  }

  private void failed(final IOException e) {
    final IOException before = failure.getAndSet(e);
    failures.incrementAndGet();
    if (before == null || !e.toString().equals(before.toString())) {
      LOG.error(
          "the spool does not take records ({}); they stay in the ring, trying again",
          e.toString());
    }
    final long nowNs = clockNs.getAsLong();
    if (failingSinceNs == 0) {
      failingSinceNs = nowNs == 0 ? 1 : nowNs;
    }
    retry.failed(nowNs);
    enter(State.FAILING); // once it can be told why
  }

  private static RecordKind[] kinds() {
    final RecordKind[] kinds = new RecordKind[256];
    for (final RecordKind kind : RecordKind.values()) {
      kinds[kind.code() & 0xff] = kind;
    }
    return kinds;
  }
}
