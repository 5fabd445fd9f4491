package io.blockcam.capture.spool;

import io.blockcam.archive.record.RecordDescriptor;
import io.blockcam.archive.record.RecordView;
import io.blockcam.archive.segment.SealedSegment;
import io.blockcam.archive.segment.SegmentHeader;
import io.blockcam.archive.segment.SegmentHeaderDescriptor;
import io.blockcam.archive.segment.SegmentLimits;
import io.blockcam.archive.segment.SegmentTrailerDescriptor;
import io.blockcam.archive.segment.SegmentWriter;
import java.io.Closeable;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.FileAlreadyExistsException;
import java.time.Duration;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** Writes the segments of one epoch into a spool. Ring consumer's thread. */
public final class SpoolWriter implements RecordSink, Closeable {
  /** What a segment takes beside its records: header and trailer. */
  public static final long SEGMENT_FOOTPRINT_BYTES =
      SegmentHeaderDescriptor.HEADER_BYTES + SegmentTrailerDescriptor.TRAILER_BYTES;

  /** What a record takes at most: its payload, the sector hashes of it, itself. */
  public static final long RECORD_FOOTPRINT_BYTES =
      RecordDescriptor.BLOCK_BYTES + 2L * RecordDescriptor.RECORD_BYTES;

  private final Spool spool;
  private final long epoch;
  private final SegmentLimits limits;
  private final long sealAfterNs;
  private final LongSupplier monotonicNs;
  private final LongSupplier realtimeNs;
  private @Nullable SegmentWriter segment;
  private @Nullable SealedSegment unlisted;
  private long openedNs;
  private boolean sealing;
  private boolean limited = true;

  /**
   * Nothing is written before the first record.
   *
   * @param epoch what the segments belong to
   * @param limits size of a segment
   * @param sealAfter how old the open segment may become
   * @param monotonicNs {@link System#nanoTime}, or what a test puts in its place
   * @param realtimeNs CLOCK_REALTIME in ns
   */
  public SpoolWriter(
      final Spool spool,
      final long epoch,
      final SegmentLimits limits,
      final Duration sealAfter,
      final LongSupplier monotonicNs,
      final LongSupplier realtimeNs) {
    this.spool = spool;
    this.epoch = epoch;
    this.limits = limits;
    this.sealAfterNs = sealAfter.toNanos();
    this.monotonicNs = monotonicNs;
    this.realtimeNs = realtimeNs;
  }

  @Override
  public boolean admit(final int records) throws IOException {
    finishSealing();
    list();
    final long bytes =
        records * RECORD_FOOTPRINT_BYTES + (segment == null ? SEGMENT_FOOTPRINT_BYTES : 0);
    if (limited && !spool.admits(bytes)) {
      if (spool.backlog() == 0) {
        seal(); // otherwise nothing could ever be shipped to make room
      }
      return false;
    }
    SegmentWriter open = segment;
    if (open != null && !open.hasRoom(records)) {
      seal();
      open = segment;
    }
    if (open == null) {
      segment = begin();
    }
    return true;
  }

  @Override
  public void append(
      final RecordView record,
      final long timestampNs,
      final int flags,
      final @Nullable MemorySegment payload,
      final long payloadOffset)
      throws IOException {
    final SegmentWriter open = segment;
    if (open == null) {
      throw new IllegalStateException("record " + record.sequence() + " was not admitted");
    }
    open.append(record, timestampNs, flags, payload, payloadOffset);
  }

  @Override
  public void write() throws IOException {
    finishSealing();
    final SegmentWriter open = segment;
    if (open != null) {
      open.write();
      spool.setOpenBytes(open.sealedBytes());
    }
  }

  @Override
  public void force() throws IOException {
    finishSealing();
    list();
    final SegmentWriter open = segment;
    if (open != null) {
      open.force();
    }
  }

  @Override
  public long sealDueNs() {
    return segment == null ? Long.MAX_VALUE : openedNs + sealAfterNs;
  }

  @Override
  public void seal() throws IOException {
    final SegmentWriter open = segment;
    if (open != null) {
      if (open.recordCount() == 0) {
        segment = null; // what can not be removed, create() meets again
        open.discard();
      } else {
        sealing = true;
        unlisted = open.seal(spool.state().lastDigest());
        segment = null;
        sealing = false;
      }
    }
    list();
  }

  /**
   * A seal that failed half-way, after the rename say, is finished before anything else: the
   * segment takes no more records, and what it holds is not durable under its new name yet.
   */
  private void finishSealing() throws IOException {
    if (sealing) {
      seal();
    }
  }

  @Override
  public void ignoreLimit() {
    limited = false;
  }

  /** Lets go of the open segment without sealing it; the next opening of the spool does. */
  @Override
  public void close() throws IOException {
    final SegmentWriter open = segment;
    if (open != null) {
      segment = null;
      open.close();
    }
  }

  /** The second half of sealing, which may have failed before. */
  private void list() throws IOException {
    final SealedSegment finished = unlisted;
    if (finished != null) {
      spool.add(finished);
      unlisted = null;
    }
  }

  private SegmentWriter begin() throws IOException {
    final SpoolState state = spool.state();
    final SegmentHeader header =
        new SegmentHeader(
            state.recordingId(),
            epoch,
            state.nextSegment(),
            state.nextSequence(),
            realtimeNs.getAsLong(),
            spool.recording().diskBytes());
    final SegmentWriter begun = create(header);
    openedNs = monotonicNs.getAsLong();
    return begun;
  }

  private SegmentWriter create(final SegmentHeader header) throws IOException {
    try {
      return SegmentWriter.create(spool.directory(), header, limits);
    } catch (final FileAlreadyExistsException e) {
      // An earlier attempt failed half-way, on a full disk for instance; it holds no record.
      SegmentWriter.recover(spool.directory(), spool.state().chain(spool.recording().diskBytes()));
      return SegmentWriter.create(spool.directory(), header, limits);
    }
  }
}
