package io.blockcam.archive.index;

import io.blockcam.archive.hash.Sha256Digest;
import io.blockcam.archive.segment.SegmentChain;
import io.blockcam.archive.segment.SegmentTrailer;
import java.util.Optional;
import java.util.UUID;

/**
 * What a run of the index stands for: segments without a hole, none of them a base.
 *
 * @param recordingId whose
 * @param diskBytes size of its disk at the end of the last one
 * @param firstSegment number of the first one
 * @param lastSegment number of the last one
 * @param firstSequence of the first record
 * @param lastSequence of the last record
 * @param epoch of the last segment
 * @param lastTimestampNs of the last record
 * @param previousDigest what the first segment names as its predecessor
 * @param lastDigest of the last segment; binds all before it, since each names the one before
 */
public record RunCover(
    UUID recordingId,
    long diskBytes,
    long firstSegment,
    long lastSegment,
    long firstSequence,
    long lastSequence,
    long epoch,
    long lastTimestampNs,
    Sha256Digest previousDigest,
    Sha256Digest lastDigest) {

  /** Of one segment. */
  static RunCover of(final SegmentTrailer segment) {
    return new RunCover(
        segment.recordingId(),
        segment.diskBytes(),
        segment.segmentNumber(),
        segment.segmentNumber(),
        segment.firstSequence(),
        segment.lastSequence(),
        segment.epoch(),
        segment.lastTimestampNs(),
        segment.previousDigest(),
        segment.digest());
  }

  /**
   * Of this and what comes right behind it.
   *
   * @throws IllegalArgumentException when that is something else
   */
  public RunCover and(final RunCover next) {
    if (!next.follows(chain()) || segments() + next.segments() > RecordRef.MAX_SEGMENTS) {
      throw new IllegalArgumentException(next + " does not follow " + this);
    }
    return new RunCover(
        recordingId,
        next.diskBytes,
        firstSegment,
        next.lastSegment,
        firstSequence,
        next.lastSequence,
        next.epoch,
        next.lastTimestampNs,
        previousDigest,
        next.lastDigest);
  }

  /** How many segments. */
  public long segments() {
    return lastSegment - firstSegment + 1;
  }

  /** Whether its segments are those that must come next. */
  public boolean follows(final SegmentChain chain) {
    return recordingId.equals(chain.recordingId())
        && diskBytes >= chain.diskBytes()
        && firstSegment == chain.number()
        && firstSequence == chain.sequence()
        && previousDigest.equals(chain.digest());
  }

  /** What must come next. */
  public SegmentChain chain() {
    return new SegmentChain(
        recordingId,
        diskBytes,
        lastSegment + 1,
        lastSequence + 1,
        epoch,
        lastTimestampNs,
        lastDigest,
        Optional.empty());
  }
}
