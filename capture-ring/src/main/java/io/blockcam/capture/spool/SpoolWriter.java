package io.blockcam.capture.spool;

import io.blockcam.archive.record.RecordDescriptor;
import io.blockcam.archive.record.RecordView;
import io.blockcam.archive.segment.Rewritten;
import io.blockcam.archive.segment.SealedSegment;
import io.blockcam.archive.segment.SegmentHeader;
import io.blockcam.archive.segment.SegmentHeaderDescriptor;
import io.blockcam.archive.segment.SegmentLimits;
import io.blockcam.archive.segment.SegmentTrailerDescriptor;
import io.blockcam.archive.segment.SegmentWriter;
import io.blockcam.capture.ring.WallClock;
import java.io.Closeable;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.FileAlreadyExistsException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Writes the segments of one epoch into a spool. Ring consumer's thread. */
public final class SpoolWriter implements RecordSink, Closeable {
  private static final Logger LOG = LoggerFactory.getLogger(SpoolWriter.class);

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
  private final WallClock clock;
  private final Doubts doubts;
  private State state = Between.SEGMENTS;
  private boolean limited = true;

  /** Where the newest segment is on its way into the spool; see {@link #enter}. */
  private sealed interface State {}

  /** There is none: the next record begins one. */
  private enum Between implements State {
    SEGMENTS
  }

  /** It takes records, and is to be sealed at {@code dueNs}. */
  private record Writing(SegmentWriter segment, long dueNs) implements State {}

  /** Its copy is durable, and on its way to its names. */
  private record Replacing(SegmentWriter suspect, Rewritten copy, long dueNs) implements State {}

  /** Its seal was begun and may have failed half-way. It takes no more records. */
  private record Sealing(SegmentWriter segment, long dueNs) implements State {}

  /** It is sealed, and the spool does not know it yet. */
  private record Unlisted(SealedSegment segment, long dueNs) implements State {}

  /**
   * Nothing is written before the first record.
   *
   * @param epoch what the segments belong to
   * @param limits size of a segment
   * @param sealAfter how old the open segment may become
   * @param doubts told the blocks of records that the spool's disk has lost
   */
  public SpoolWriter(
      final Spool spool,
      final long epoch,
      final SegmentLimits limits,
      final Duration sealAfter,
      final WallClock clock,
      final Doubts doubts) {
    this.spool = spool;
    this.epoch = epoch;
    this.limits = limits;
    this.sealAfterNs = sealAfter.toNanos();
    this.clock = clock;
    this.doubts = doubts;
  }

  @Override
  public boolean admit(final int records) throws IOException {
    settle();
    final long bytes =
        records * RECORD_FOOTPRINT_BYTES
            + (state == Between.SEGMENTS ? SEGMENT_FOOTPRINT_BYTES : 0);
    if (limited && !spool.admits(bytes)) {
      if (spool.backlog() == 0) {
        seal(); // otherwise nothing could ever be shipped to make room
      }
      return false;
    }
    if (state instanceof Writing writing && !writing.segment().hasRoom(records)) {
      seal();
    }
    if (state == Between.SEGMENTS) {
      enter(new Writing(begin(), clock.monotonicNs() + sealAfterNs));
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
    if (!(state instanceof Writing writing)) {
      throw new IllegalStateException("record " + record.sequence() + " was not admitted");
    }
    writing.segment().append(record, timestampNs, flags, payload, payloadOffset);
  }

  @Override
  public void write() throws IOException {
    settle();
    if (state instanceof Writing writing) {
      writing.segment().write();
      spool.setOpenBytes(writing.segment().sealedBytes());
    }
  }

  @Override
  public void force() throws IOException {
    settle();
    if (state instanceof Writing writing) {
      writing.segment().force();
    }
  }

  @Override
  public long sealDueNs() {
    return switch (state) {
      case Writing writing -> writing.dueNs();
      case Replacing replacing -> replacing.dueNs();
      case Sealing sealing -> sealing.dueNs();
      case Unlisted unlisted -> unlisted.dueNs();
      case Between between -> Long.MAX_VALUE;
    };
  }

  @Override
  public void seal() throws IOException {
    settle();
    if (state instanceof Writing writing) {
      if (writing.segment().recordCount() == 0) {
        enter(Between.SEGMENTS); // what can not be removed, create() meets again
        writing.segment().discard();
      } else {
        enter(new Sealing(writing.segment(), writing.dueNs()));
      }
    }
    settle();
  }

  /**
   * A seal that failed half-way, after the rename say, is finished before anything else: the
   * segment takes no more records, and what it holds is not durable under its new name yet. So is
   * the copy of a segment that a sync has failed of.
   */
  private void settle() throws IOException {
    if (state instanceof Writing writing && writing.segment().isSuspect()) {
      replace(writing.segment(), writing.dueNs());
    } else if (state instanceof Sealing sealing && sealing.segment().isSuspect()) {
      replace(sealing.segment(), sealing.dueNs());
    }
    if (state instanceof Replacing replacing) {
      final Rewritten copy = replacing.copy();
      doubts.add(
          new Doubt(copy.lostBlocks().stream().map(block -> new Doubt.Range(block, 1)).toList()));
      copy.segment().takeNames();
      replacing.suspect().close();
      enter(new Writing(copy.segment(), replacing.dueNs()));
    }
    if (state instanceof Sealing sealing) {
      enter(new Unlisted(sealing.segment().seal(spool.state().lastDigest()), sealing.dueNs()));
    }
    if (state instanceof Unlisted unlisted) {
      spool.add(unlisted.segment());
      enter(Between.SEGMENTS);
    }
  }

  /** Nothing of it is believed to be durable. */
  private void replace(final SegmentWriter suspect, final long dueNs) throws IOException {
    LOG.warn("a sync of the spool has failed: its open segment is written anew");
    enter(new Replacing(suspect, suspect.rewrite(), dueNs));
  }

  /** The only place where the state changes. */
  private void enter(final State next) {
    assert switch (state) {
          case Between between -> next instanceof Writing;
          case Writing writing ->
              next instanceof Sealing || next instanceof Replacing || next == Between.SEGMENTS;
          case Replacing replacing -> next instanceof Writing;
          case Sealing sealing -> next instanceof Unlisted || next instanceof Replacing;
          case Unlisted unlisted -> next == Between.SEGMENTS;
        }
        : state + " -> " + next;
    state = next;
  }

  @Override
  public void ignoreLimit() {
    limited = false;
  }

  /** Lets go of the open segment without sealing it; the next opening of the spool does. */
  @Override
  public void close() throws IOException {
    switch (state) {
      case Writing writing -> writing.segment().close();
      case Replacing replacing -> {
        replacing.suspect().close();
        replacing.copy().segment().close();
      }
      case Sealing sealing -> sealing.segment().close();
      case Unlisted unlisted -> {}
      case Between between -> {}
    }
  }

  private SegmentWriter begin() throws IOException {
    final SpoolState before = spool.state();
    return create(
        new SegmentHeader(
            before.recordingId(),
            epoch,
            before.nextSegment(),
            before.nextSequence(),
            clock.nowNs(),
            spool.recording().diskBytes()));
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
