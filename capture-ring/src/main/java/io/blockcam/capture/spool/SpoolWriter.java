package io.blockcam.capture.spool;

import io.blockcam.archive.log.LogWriter;
import io.blockcam.archive.log.RecordView;
import io.blockcam.archive.record.RecordDescriptor;
import io.blockcam.archive.segment.SegmentHeader;
import io.blockcam.capture.ring.WallClock;
import java.io.Closeable;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.FileAlreadyExistsException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Writes the segments of one epoch into a spool. Ring consumer's thread.
 *
 * <p>A segment that ends is made durable, and only then the next one begins: so a crash finds two
 * that are open at most, and of the first every record. What else there is to a seal somebody else
 * may do meanwhile, see {@link SealRules}.
 */
public final class SpoolWriter implements RecordSink, Closeable {
  /** What a segment takes beside its records. */
  public static final long SEGMENT_FOOTPRINT_BYTES = LogWriter.EMPTY_BYTES;

  /** What a record takes at most: itself, its sector hashes and its payload. */
  public static final long RECORD_FOOTPRINT_BYTES = LogWriter.MOST_RECORD_BYTES;

  /** The same for a record without payload. */
  public static final long POINT_FOOTPRINT_BYTES = RecordDescriptor.RECORD_BYTES;

  private static final Duration FOR_EVER = Duration.ofDays(1000);

  private final Spool spool;
  private final long epoch;
  private final SealRules rules;
  private final WallClock clock;
  private final Doubts doubts;

  /** Takes records, or will do so again; null until there is one. */
  private @Nullable SpoolSegment open;

  /** Takes no more; null when the spool lists all that ended. */
  private @Nullable SpoolSegment ending;

  /** Who seals {@link #ending}; null when nobody does, because it failed. */
  private @Nullable SealAttempt attempt;

  private long nextSegment;
  private long nextSequence;
  private boolean limited = true;

  /** Appended, and not counted by the spool yet. */
  private long unwrittenRecords;

  /**
   * Nothing is written before the first record.
   *
   * @param epoch what the segments belong to
   * @param doubts told the blocks of records that the spool's disk has lost, on this thread
   */
  public SpoolWriter(
      final Spool spool,
      final long epoch,
      final SealRules rules,
      final WallClock clock,
      final Doubts doubts) {
    this.spool = spool;
    this.epoch = epoch;
    this.rules = rules;
    this.clock = clock;
    this.doubts = doubts;
    final SpoolState before = spool.state();
    this.nextSegment = before.nextSegment();
    this.nextSequence = before.nextSequence();
  }

  @Override
  public boolean admit(final int records) throws IOException {
    settle();
    final long bytes =
        records * RECORD_FOOTPRINT_BYTES + (open == null ? SEGMENT_FOOTPRINT_BYTES : 0);
    if (limited && unwrittenRecords > 0 && isShort(bytes)) {
      write(); // so that it counts as what it takes
    }
    if (limited && !spool.admits(bytes)) {
      if (spool.backlog() == 0 && ending == null) {
        seal(); // otherwise nothing could ever be shipped to make room
      }
      return false;
    }
    if (open != null && !open.writer().hasRoom(records)) {
      seal();
    }
    if (open == null) {
      open =
          new SpoolSegment(spool, doubts, begin(), clock.monotonicNs() + rules.after().toNanos());
    }
    return true;
  }

  private boolean isShort(final long moreBytes) {
    final long unwrittenBytes = SEGMENT_FOOTPRINT_BYTES + unwrittenRecords * RECORD_FOOTPRINT_BYTES;
    return spool.bytes() + unwrittenBytes + moreBytes > spool.limitBytes();
  }

  @Override
  public void append(
      final RecordView record,
      final long timestampNs,
      final int flags,
      final @Nullable MemorySegment payload,
      final long payloadOffset)
      throws IOException {
    if (open == null) {
      throw new IllegalStateException("record " + record.sequence() + " was not admitted");
    }
    open.writer().append(record, timestampNs, flags, payload, payloadOffset);
    unwrittenRecords++;
  }

  @Override
  public void write() throws IOException {
    settle();
    if (open != null) {
      open.write();
      unwrittenRecords = 0;
      spool.setOpen(open.writer().sealedBytes(), clock.shownNs(open.writer().firstTimestampNs()));
    }
  }

  @Override
  public void force() throws IOException {
    settle();
    if (open != null) {
      open.force();
    }
  }

  @Override
  public long sealDueNs() {
    if (open != null) {
      final long dueNs = open.dueNs();
      final boolean isHeldBack =
          clock.monotonicNs() - dueNs >= 0 && spool.backlog() >= rules.enoughSealed();
      return isHeldBack ? Long.MAX_VALUE : dueNs;
    }
    return ending != null && attempt == null ? ending.dueNs() : Long.MAX_VALUE;
  }

  @Override
  public void seal() throws IOException {
    settle();
    if (open == null) {
      return;
    }
    final LogWriter writer = open.writer();
    if (writer.recordCount() == 0) {
      final SpoolSegment empty = open;
      open = null;
      empty.discard();
      return;
    }
    awaitEnding();
    writer.force();
    unwrittenRecords = 0;
    spool.endOpen(writer.sealedBytes(), clock.shownNs(writer.firstTimestampNs()));
    nextSegment = writer.header().segmentNumber() + 1;
    nextSequence = writer.nextSequence();
    open.end();
    ending = open;
    open = null;
    attempt = new SealAttempt(ending);
    rules.sealer().execute(attempt);
    settle();
  }

  @Override
  public void finish() throws IOException {
    seal();
    awaitEnding();
  }

  /** Does not wait for a seal under way, nor fail before it has. */
  @Override
  public void settle() throws IOException {
    if (attempt != null && attempt.isOver()) {
      final SealAttempt over = attempt;
      attempt = null;
      over.result();
    }
    if (ending != null && attempt == null) {
      ending.settle();
      ending = null;
    }
    if (open != null) {
      open.settle();
    }
  }

  private void awaitEnding() throws IOException {
    if (attempt != null) {
      final SealAttempt last = attempt;
      last.run(); // unless somebody has begun it
      attempt = null;
      last.result();
    }
    settle();
  }

  @Override
  public void ignoreLimit() {
    limited = false;
  }

  /**
   * Takes the segment that is being sealed back from the sealer.
   *
   * @return false when the sealer does not let go of it within the limit: its disk may hang
   */
  public boolean withdrawSeal(final Duration limit) {
    return attempt == null || attempt.withdraw(limit);
  }

  /**
   * Lets go of the open segment without sealing it; the next opening of the spool does. Waits for a
   * seal under way, however long it takes: see {@link #withdrawSeal}.
   */
  @Override
  public void close() throws IOException {
    withdrawSeal(FOR_EVER);
    final SpoolSegment first = ending;
    final SpoolSegment second = open;
    try (first;
        second) {
      // both, whatever becomes of one
    }
  }

  private LogWriter begin() throws IOException {
    return create(
        new SegmentHeader(
            spool.recording().id(),
            epoch,
            nextSegment,
            nextSequence,
            clock.nowNs(),
            spool.diskBytes()));
  }

  private LogWriter create(final SegmentHeader header) throws IOException {
    try {
      return LogWriter.create(spool.directory(), header, rules.limits(), spool.spares());
    } catch (final FileAlreadyExistsException e) {
      // An earlier attempt failed half-way, on a full disk for instance; it holds no record.
      awaitEnding();
      LogWriter.recover(spool.directory(), spool.state().chain());
      return LogWriter.create(spool.directory(), header, rules.limits(), spool.spares());
    }
  }
}
