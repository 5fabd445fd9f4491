package io.blockcam.archive.index;

import io.blockcam.archive.hash.Sha256Digest;
import io.blockcam.archive.segment.SegmentChain;
import io.blockcam.archive.segment.SegmentTrailer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
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

  // Where a trailer has it. What is between is the trailer's own.
  private static final int RECORDING_ID_OFFSET = 16;
  private static final int FIRST_SEGMENT_OFFSET = 32;
  private static final int PREVIOUS_DIGEST_OFFSET = 96;

  /** Writes it to its place in a trailer. */
  void encode(final ByteBuffer trailer) {
    final ByteBuffer out = trailer.duplicate().position(RECORDING_ID_OFFSET);
    out.order(ByteOrder.BIG_ENDIAN); // as UUIDs are written, RFC 9562
    out.putLong(recordingId.getMostSignificantBits());
    out.putLong(recordingId.getLeastSignificantBits());
    out.position(FIRST_SEGMENT_OFFSET).order(ByteOrder.LITTLE_ENDIAN);
    out.putLong(firstSegment).putLong(lastSegment).putLong(firstSequence).putLong(lastSequence);
    out.putLong(epoch).putLong(lastTimestampNs).putLong(diskBytes);
    out.position(PREVIOUS_DIGEST_OFFSET);
    out.put(previousDigest.toByteArray()).put(lastDigest.toByteArray());
  }

  /** Reads it from its place in a trailer; it may be {@linkplain #isPossible impossible}. */
  static RunCover decode(final ByteBuffer trailer) {
    final ByteBuffer in = trailer.duplicate().position(RECORDING_ID_OFFSET);
    in.order(ByteOrder.BIG_ENDIAN);
    final UUID id = new UUID(in.getLong(), in.getLong());
    in.position(FIRST_SEGMENT_OFFSET).order(ByteOrder.LITTLE_ENDIAN);
    final long firstSegment = in.getLong();
    final long lastSegment = in.getLong();
    final long firstSequence = in.getLong();
    final long lastSequence = in.getLong();
    final long epoch = in.getLong();
    final long lastTimestampNs = in.getLong();
    final long diskBytes = in.getLong();
    in.position(PREVIOUS_DIGEST_OFFSET);
    return new RunCover(
        id,
        diskBytes,
        firstSegment,
        lastSegment,
        firstSequence,
        lastSequence,
        epoch,
        lastTimestampNs,
        digest(in),
        digest(in));
  }

  private static Sha256Digest digest(final ByteBuffer in) {
    final byte[] bytes = new byte[Sha256Digest.BYTES];
    in.get(bytes);
    return Sha256Digest.of(bytes);
  }

  /** Whether there can be such segments. */
  boolean isPossible() {
    return diskBytes > 0
        && firstSegment >= 0
        && segments() > 0
        && segments() <= RecordRef.MAX_SEGMENTS;
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
