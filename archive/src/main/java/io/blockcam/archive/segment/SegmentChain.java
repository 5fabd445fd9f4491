package io.blockcam.archive.segment;

import io.blockcam.archive.Recording;
import io.blockcam.archive.hash.Sha256Digest;
import java.util.Optional;
import java.util.UUID;

/**
 * What the next segment of a recording must be: the one check that nothing is missing, exchanged or
 * out of order, for whoever reads segments, ships them, or takes them up after a crash.
 *
 * @param recordingId which recording
 * @param diskBytes size of its disk so far: a disk may grow, from one epoch to the next
 * @param number the segment's number
 * @param sequence its first sequence
 * @param epoch its epoch, at least
 * @param timestampNs its first timestamp, at least
 * @param digest what it must name as its predecessor
 * @param baseDigest the same for a segment that stands for others; empty once one that does not has
 *     come: only the beginning of a recording can be folded
 */
public record SegmentChain(
    UUID recordingId,
    long diskBytes,
    long number,
    long sequence,
    long epoch,
    long timestampNs,
    Sha256Digest digest,
    Optional<Sha256Digest> baseDigest) {

  /**
   * Before the first segment of a recording.
   *
   * @param recordingJson digest of its recording.json, which the first segment names
   */
  public static SegmentChain beginning(
      final Recording recording, final Sha256Digest recordingJson) {
    return new SegmentChain(
        recording.id(),
        recording.diskBytes(),
        0,
        0,
        0,
        Long.MIN_VALUE,
        recordingJson,
        Optional.of(recordingJson));
  }

  /**
   * Checks a sealed segment against what came before.
   *
   * @param file for errors
   * @param nameNumber the number in its name
   * @return what must follow it
   * @throws SegmentException when it does not fit
   */
  public SegmentChain next(final String file, final long nameNumber, final SegmentTrailer trailer)
      throws SegmentException {
    checkIdentity(file, nameNumber, trailer.recordingId(), trailer.segmentNumber());
    if (trailer.base()) {
      return nextBase(file, trailer);
    }
    if (nameNumber != number) {
      throw SegmentException.of(
          file,
          nameNumber == number + 1
              ? "segment %d is missing before it".formatted(number)
              : "segments from %d are missing before it".formatted(number));
    }
    checkDisk(file, trailer.diskBytes(), trailer.epoch());
    if (!trailer.previousDigest().equals(digest)) {
      throw SegmentException.of(
          file,
          number == 0
              ? "names another recording.json than this one: one of them was exchanged or edited"
              : "names another predecessor than the segment before it: the chain is broken");
    }
    checkPlace(file, trailer.epoch(), trailer.firstSequence());
    checkTime(file, trailer.firstTimestampNs());
    return resume(trailer);
  }

  /** Bases come first, the first of them in the place of all that they stand for. */
  private SegmentChain nextBase(final String file, final SegmentTrailer trailer)
      throws SegmentException {
    if (baseDigest.isEmpty()) {
      throw SegmentException.of(
          file,
          "stands for segments that are not kept, behind one that does not: only the beginning of a recording can be folded");
    }
    if (!trailer.previousDigest().equals(baseDigest.get())
        || (number > 0
            && (trailer.segmentNumber() != number || trailer.firstSequence() != sequence))) {
      throw SegmentException.of(
          file, "stands for segments that are not kept, but is not in their place");
    }
    checkDisk(file, trailer.diskBytes(), trailer.epoch());
    return resume(trailer);
  }

  /**
   * Checks a segment that is still in its log, as far as its header goes.
   *
   * @param file for errors
   * @throws SegmentException when it does not fit
   */
  public void checkOpen(final String file, final SegmentHeader header) throws SegmentException {
    checkIdentity(file, number, header.recordingId(), header.segmentNumber());
    checkDisk(file, header.diskBytes(), header.epoch());
    checkPlace(file, header.epoch(), header.firstSequence());
  }

  /**
   * The same of one that takes no more records, and has no digest yet.
   *
   * @param firstTimestampNs timestamp of its first record
   */
  public void checkSealed(
      final String file, final SegmentHeader header, final long firstTimestampNs)
      throws SegmentException {
    checkOpen(file, header);
    checkTime(file, firstTimestampNs);
  }

  private void checkTime(final String file, final long firstTimestampNs) throws SegmentException {
    if (firstTimestampNs < timestampNs) {
      throw SegmentException.of(file, "begins before the segment before it ends: time decreases");
    }
  }

  /** What a segment claims to follow, where what it follows cannot be read. */
  public SegmentChain before(final SegmentTrailer trailer) {
    return new SegmentChain(
        recordingId,
        diskBytes,
        trailer.segmentNumber(),
        sequence,
        epoch,
        timestampNs,
        trailer.previousDigest(),
        baseDigest.map(any -> trailer.previousDigest()));
  }

  /**
   * What a segment must be that comes behind others that are lost: whatever it is. Only its digest
   * is still what the next one must name.
   */
  public SegmentChain behindGap(final SegmentTrailer trailer) {
    return new SegmentChain(
        recordingId,
        trailer.diskBytes(),
        trailer.segmentNumber(),
        trailer.firstSequence(),
        trailer.epoch(),
        Long.MIN_VALUE,
        trailer.previousDigest(),
        baseDigest.map(any -> trailer.previousDigest()));
  }

  /** What to expect behind a segment, whether or not it fitted, so that a check can go on. */
  public SegmentChain resume(final SegmentTrailer trailer) {
    return new SegmentChain(
        recordingId,
        trailer.diskBytes(),
        trailer.segmentNumber() + 1,
        trailer.lastSequence() + 1,
        trailer.epoch(),
        trailer.lastTimestampNs(),
        trailer.base() ? trailer.replacedDigest() : trailer.digest(),
        trailer.base() ? Optional.of(trailer.digest()) : Optional.empty());
  }

  private void checkIdentity(
      final String file, final long nameNumber, final UUID id, final long segmentNumber)
      throws SegmentException {
    checkIdentity(file, recordingId, nameNumber, id, segmentNumber);
  }

  /**
   * Checks a segment alone: that it is of this recording, and has this number.
   *
   * @param file for errors
   * @throws SegmentException when it does not
   */
  public static void checkAlone(
      final String file,
      final Recording recording,
      final long nameNumber,
      final SegmentTrailer trailer)
      throws SegmentException {
    checkIdentity(file, recording.id(), nameNumber, trailer.recordingId(), trailer.segmentNumber());
    if (trailer.diskBytes() < recording.diskBytes()) {
      throw shrunk(file, trailer.diskBytes(), recording.diskBytes());
    }
  }

  /** The same of one whose recording.json is not at hand. */
  public static void checkIdentity(
      final String file,
      final UUID recordingId,
      final long nameNumber,
      final UUID id,
      final long segmentNumber)
      throws SegmentException {
    if (!id.equals(recordingId)) {
      throw SegmentException.of(
          file, "belongs to recording %s, this is recording %s".formatted(id, recordingId));
    }
    if (segmentNumber != nameNumber) {
      throw SegmentException.of(file, "is segment %d, renamed".formatted(segmentNumber));
    }
  }

  private void checkDisk(final String file, final long bytes, final long itsEpoch)
      throws SegmentException {
    if (bytes < diskBytes) {
      throw shrunk(file, bytes, diskBytes);
    }
    if (bytes > diskBytes && itsEpoch == epoch && number > 0) {
      throw SegmentException.of(
          file,
          "is of a disk of %d bytes, the segment before it of %d, both of epoch %d: a disk grows from one epoch to the next"
              .formatted(bytes, diskBytes, epoch));
    }
  }

  private static SegmentException shrunk(final String file, final long bytes, final long before) {
    return SegmentException.of(
        file, "is of a disk of %d bytes, the recording's has %d".formatted(bytes, before));
  }

  private void checkPlace(final String file, final long itsEpoch, final long firstSequence)
      throws SegmentException {
    if (firstSequence != sequence || itsEpoch < epoch) {
      throw SegmentException.of(
          file,
          "begins with epoch %d, sequence %d, but epoch %d, sequence %d was due"
              .formatted(itsEpoch, firstSequence, epoch, sequence));
    }
  }
}
