package io.blockcam.replay;

import io.blockcam.archive.Recording;
import io.blockcam.archive.RecordingFormatException;
import io.blockcam.archive.RecordingJson;
import io.blockcam.archive.RecordingName;
import io.blockcam.archive.hash.Sha256Digest;
import io.blockcam.archive.segment.SegmentException;
import io.blockcam.archive.segment.SegmentName;
import io.blockcam.archive.segment.SegmentReader;
import io.blockcam.archive.segment.SegmentTrailer;
import io.blockcam.store.ObjectStatus;
import io.blockcam.store.ObjectStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A recording in a store, open for reading.
 *
 * <p>{@link #segments} reads the end of every segment and checks that they belong together: one
 * recording, numbers without a hole, sequences without a hole, each naming the digest of the one
 * before. So a segment that was lost, exchanged or damaged is noticed before anything is restored.
 */
public final class RecordingReader {

  private final ObjectStore store;
  private final Recording recording;

  private RecordingReader(final ObjectStore store, final Recording recording) {
    this.store = store;
    this.recording = recording;
  }

  /** Names of the recordings of a store, sorted. */
  public static List<String> names(final ObjectStore store) throws IOException {
    final List<String> names = new ArrayList<>();
    for (final ObjectStatus status : store.list("")) {
      if (status.isDirectory()
          && RecordingName.isValid(status.name())
          && store.status(status.name() + "/" + Recording.FILE_NAME).isPresent()) {
        names.add(status.name());
      }
    }
    return names;
  }

  /**
   * Opens a recording.
   *
   * @param store stays the caller's; must stay open as long as this is used
   * @throws NoSuchRecordingException when there is none of that name
   * @throws RecordingFormatException when its {@code recording.json} is not what it should be
   */
  public static RecordingReader open(final ObjectStore store, final String name)
      throws IOException {
    final Optional<Recording> recording = read(store, name);
    if (recording.isEmpty()) {
      final List<String> names = names(store);
      throw new NoSuchRecordingException(
          "no recording '"
              + name
              + "' in "
              + store.describe()
              + (names.isEmpty()
                  ? ": there is none at all"
                  : "; there is " + String.join(", ", names)));
    }
    return new RecordingReader(store, recording.get());
  }

  /** What {@code recording.json} says, if there is one. */
  public static Optional<Recording> read(final ObjectStore store, final String name)
      throws IOException {
    final String path = name + "/" + Recording.FILE_NAME;
    final Optional<ObjectStatus> status = store.status(path);
    if (status.isEmpty()) {
      return Optional.empty();
    }
    final String file = store.describe() + "/" + path;
    if (status.get().isDirectory() || status.get().lengthBytes() > RecordingJson.MAX_BYTES) {
      throw new RecordingFormatException(file, "is not a file of at most 64 KiB");
    }
    final ByteBuffer bytes = ByteBuffer.allocate((int) status.get().lengthBytes());
    store.read(path, 0, bytes);
    final Recording recording = RecordingJson.read(bytes.array(), file);
    if (!recording.name().equals(name)) {
      throw new RecordingFormatException(
          file, "names the recording '" + recording.name() + "': it was copied or renamed");
    }
    return Optional.of(recording);
  }

  /** What never changes about the recording. */
  public Recording recording() {
    return recording;
  }

  /** Its segments, in order of their numbers as their names tell; nothing is read. */
  List<ObjectStatus> objects() throws IOException {
    return store.list(recording.name() + "/" + Recording.SEGMENTS_DIRECTORY).stream()
        .filter(status -> !status.isDirectory() && number(status).isPresent())
        .toList();
  }

  /** The number in the name of a segment. */
  static OptionalLong number(final ObjectStatus status) {
    return SegmentName.sealedNumber(status.name());
  }

  ObjectBytes bytes(final ObjectStatus status) {
    return new ObjectBytes(store, status);
  }

  /**
   * All segments, checked to be one unbroken chain.
   *
   * @throws SegmentException when one is missing, damaged, or of another recording
   */
  public List<Segment> segments() throws IOException {
    final List<Segment> segments = new ArrayList<>();
    Chain chain = Chain.beginning(recording);
    for (final ObjectStatus status : objects()) {
      final SegmentReader reader = SegmentReader.open(bytes(status));
      reader.header(); // repeats what the trailer says; a difference is damage
      chain = chain.next(reader.name(), number(status).orElseThrow(), reader.trailer());
      segments.add(new Segment(reader));
    }
    return segments;
  }

  /**
   * What the next segment must fit to.
   *
   * @param number its number
   * @param sequence its first sequence
   * @param epoch its epoch, at least
   * @param timestampNs its first timestamp, at least
   * @param digest what it must name as its predecessor
   */
  record Chain(
      Recording recording,
      long number,
      long sequence,
      long epoch,
      long timestampNs,
      Sha256Digest digest) {

    static Chain beginning(final Recording recording) {
      return new Chain(recording, 0, 0, 0, Long.MIN_VALUE, Sha256Digest.NONE);
    }

    /**
     * Checks a segment against what came before.
     *
     * @throws SegmentException when it does not fit
     */
    Chain next(final String file, final long nameNumber, final SegmentTrailer trailer)
        throws SegmentException {
      if (!trailer.recordingId().equals(recording.id())) {
        throw SegmentException.of(
            file,
            "belongs to recording "
                + trailer.recordingId()
                + ", this is recording "
                + recording.id());
      }
      if (trailer.segmentNumber() != nameNumber) {
        throw SegmentException.of(file, "is segment " + trailer.segmentNumber() + ", renamed");
      }
      if (nameNumber != number) {
        throw SegmentException.of(
            file,
            (nameNumber == number + 1 ? "segment " : "segments from ")
                + number
                + (nameNumber == number + 1 ? " is missing" : " are missing")
                + " before it");
      }
      if (trailer.diskBytes() != recording.diskBytes()) {
        throw SegmentException.of(
            file,
            "is of a disk of "
                + trailer.diskBytes()
                + " bytes, the recording's has "
                + recording.diskBytes());
      }
      if (!trailer.previousDigest().equals(digest)) {
        throw SegmentException.of(
            file, "names another predecessor than the segment before it: the chain is broken");
      }
      if (trailer.firstSequence() != sequence || trailer.epoch() < epoch) {
        throw SegmentException.of(
            file,
            "begins with epoch "
                + trailer.epoch()
                + ", sequence "
                + trailer.firstSequence()
                + ", but epoch "
                + epoch
                + ", sequence "
                + sequence
                + " was due");
      }
      if (trailer.firstTimestampNs() < timestampNs) {
        throw SegmentException.of(file, "begins before the segment before it ends: time decreases");
      }
      return new Chain(
          recording,
          number + 1,
          trailer.lastSequence() + 1,
          trailer.epoch(),
          trailer.lastTimestampNs(),
          trailer.digest());
    }

    /** What this segment claims to follow, where what it follows cannot be read. */
    Chain before(final SegmentTrailer trailer) {
      return new Chain(
          recording,
          trailer.segmentNumber(),
          sequence,
          epoch,
          timestampNs,
          trailer.previousDigest());
    }

    /** What to expect behind a segment that did not fit, so that a check can go on. */
    Chain resume(final SegmentTrailer trailer) {
      return new Chain(
          recording,
          trailer.segmentNumber() + 1,
          trailer.lastSequence() + 1,
          trailer.epoch(),
          trailer.lastTimestampNs(),
          trailer.digest());
    }
  }
}
