package io.blockcam.uploader;

import io.blockcam.archive.Recording;
import io.blockcam.archive.RecordingFormatException;
import io.blockcam.archive.StrictJson;
import io.blockcam.archive.hash.Sha256;
import io.blockcam.archive.head.HeadJson;
import io.blockcam.archive.head.RecordingHead;
import io.blockcam.archive.head.RecordingSummary;
import io.blockcam.archive.segment.SegmentChain;
import io.blockcam.archive.segment.SegmentException;
import io.blockcam.archive.segment.SegmentReader;
import io.blockcam.archive.segment.SegmentTrailer;
import io.blockcam.history.SegmentPlace;
import io.blockcam.history.SegmentPlaces;
import io.blockcam.store.ObjectNotFoundException;
import io.blockcam.store.ObjectSource;
import io.blockcam.store.ObjectStatus;
import io.blockcam.store.ObjectStore;
import io.blockcam.store.Publisher;
import io.blockcam.store.StoreRefusedException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Publishes the head of a recording behind its segments. The uploader's thread.
 *
 * <p>An object is never replaced in a store: a head has the number of the newest segment, the
 * newest counts, and those before the last two are removed. What a head sums up is taken from the
 * one before; where that is missing, or does not fit the segments, from the segments themselves.
 */
final class HeadKeeper {
  private static final Logger LOG = LoggerFactory.getLogger(HeadKeeper.class);

  /** One for a reader who has just learned of it. */
  private static final int KEPT = 2;

  /** Their tables are read, up to 16 MiB of each: seconds at most. */
  private static final int READ_AT_ONCE = 4;

  private final ObjectStore store;
  private final Recording recording;
  private final SegmentPlaces places;
  private final SegmentSource source;
  private final Publisher publisher;

  /** Heads in the store, oldest first, as far as they are known. */
  private final Deque<String> published = new ArrayDeque<>();

  private @Nullable Summed summed;

  /** The newest segment that waits for a head. */
  private @Nullable SegmentTrailer due;

  /** Number of the segment of the newest head in the store, as far as it is known. */
  private long publishedThrough = -1;

  /**
   * Whether the segments before are no whole recording: then nothing can be said of all of them.
   */
  private boolean broken;

  HeadKeeper(
      final ObjectStore store,
      final Recording recording,
      final SegmentPlaces places,
      final SegmentSource source,
      final String temporaryDirectory) {
    this.store = store;
    this.recording = recording;
    this.places = places;
    this.source = source;
    this.publisher = new Publisher(store, temporaryDirectory);
  }

  /** What is summed up, and what must come next. */
  private record Summed(RecordingSummary summary, SegmentChain next) {

    Summed plus(final String name, final SegmentTrailer segment, final RecordingSummary ofSegment)
        throws SegmentException {
      return new Summed(summary.and(ofSegment), next.next(name, segment.segmentNumber(), segment));
    }
  }

  /** The archive may not be what it was: nothing that is remembered of it counts. */
  void forget() {
    summed = null;
    broken = false;
    published.clear();
  }

  /**
   * Segments are in the archive, and all before them: they get one head. Where it has first to be
   * counted what is before them, {@link #catchUp} goes on with that.
   *
   * @param segments one at least, each behind the one before it
   * @return whether there is more to do
   * @throws IOException when the head could not be published; it is still due
   */
  boolean follow(final List<Lane.Published> segments) throws IOException {
    due = segments.getLast().trailer();
    if (!countTo(segments.getFirst().trailer().segmentNumber())) {
      return !broken;
    }
    try {
      for (final Lane.Published each : segments) {
        final Summed sum = Objects.requireNonNull(summed);
        if (each.trailer().segmentNumber() == sum.next().number()) {
          summed = sum.plus(each.segment().path().toString(), each.trailer(), each.summary());
        }
      }
    } catch (final SegmentException e) {
      giveUp(e);
      return false;
    }
    publish(due);
    return false;
  }

  /**
   * Counts some more of what is before the head that is due, and publishes it in the end: shipping
   * does not wait for that.
   *
   * @return whether there is more to do
   * @throws IOException when the head could not be published; it is still due
   */
  boolean catchUp() throws IOException {
    final SegmentTrailer newest = due;
    if (newest == null) {
      return false;
    }
    if (!countTo(newest.segmentNumber() + 1)) {
      return !broken;
    }
    publish(newest);
    return false;
  }

  /** Whether there is no head because the segments before are not whole. */
  boolean isBroken() {
    return broken;
  }

  private void publish(final SegmentTrailer newest) throws IOException {
    if (newest.segmentNumber() > publishedThrough) { // the spool may have forgotten that it was
      final RecordingHead head =
          new RecordingHead(
              recording.id(),
              newest.segmentNumber(),
              newest.digest(),
              Objects.requireNonNull(summed).summary());
      publisher.publish(
          ObjectSource.of(head.fileName(), HeadJson.write(head)),
          recording.paths().head(head.fileName()));
      published.add(recording.paths().head(head.fileName()));
      publishedThrough = newest.segmentNumber();
    }
    due = null;
    removeOld();
  }

  /**
   * Sums up what is before a segment, but reads no more than {@value #READ_AT_ONCE} segments for
   * it.
   *
   * @return whether it is done
   */
  private boolean countTo(final long number) throws IOException {
    if (broken) {
      return false;
    }
    try {
      Summed sum = summed == null ? load() : summed;
      summed = sum;
      for (int i = 0; i < READ_AT_ONCE && sum.next().number() < number; i++) {
        final SegmentReader reader = open(sum.next().number());
        sum =
            sum.plus(
                reader.name(),
                reader.trailer(),
                RecordingSummary.of(reader.trailer(), reader.records()));
        summed = sum;
      }
      return sum.next().number() >= number;
    } catch (final SegmentException | ObjectNotFoundException e) {
      giveUp(e);
      return false;
    }
  }

  private void giveUp(final IOException e) {
    LOG.error("the recording gets no new head: its segments are not whole: {}", e.getMessage());
    broken = true;
  }

  /**
   * From the newest head that fits, also where it is beyond what is shipped now: the spool may have
   * forgotten less than it was told to, and a head is never taken back.
   */
  private Summed load() throws IOException {
    published.clear();
    publishedThrough = -1;
    final List<ObjectStatus> heads =
        store.list(recording.paths().heads()).stream()
            .filter(status -> !status.isDirectory() && number(status).isPresent())
            .sorted(Comparator.comparing(ObjectStatus::name))
            .toList();
    heads.forEach(status -> published.add(status.path()));
    for (final ObjectStatus status : heads.reversed()) {
      try {
        return load(status);
      } catch (final RecordingFormatException | SegmentException | ObjectNotFoundException e) {
        LOG.warn("a head is of no use: {}", e.getMessage());
      }
    }
    final SegmentChain beginning =
        SegmentChain.beginning(recording, Sha256.of(source.recordingJson()));
    return new Summed(RecordingSummary.EMPTY, beginning);
  }

  private Summed load(final ObjectStatus status) throws IOException {
    final String file = store.describe() + "/" + status.path();
    if (status.lengthBytes() > StrictJson.MAX_BYTES) {
      throw new RecordingFormatException(file, "is larger than any head");
    }
    final ByteBuffer bytes = ByteBuffer.allocate((int) status.lengthBytes());
    store.read(status.path(), 0, bytes);
    final RecordingHead head = HeadJson.read(bytes.array(), file);
    final SegmentReader newest = open(head.segmentNumber());
    if (!head.recordingId().equals(recording.id())
        || !head.digest().equals(newest.trailer().digest())) {
      throw new RecordingFormatException(file, "is not of the segments that are there");
    }
    publishedThrough = head.segmentNumber();
    return new Summed(
        head.summary(),
        SegmentChain.beginning(recording, Sha256.of(source.recordingJson()))
            .resume(newest.trailer()));
  }

  private static OptionalLong number(final ObjectStatus status) {
    return RecordingHead.number(status.name());
  }

  private SegmentReader open(final long number) throws IOException {
    final SegmentPlace place =
        places
            .find(number)
            .orElseThrow(
                () ->
                    new ObjectNotFoundException(
                        "%s/%s is missing"
                            .formatted(store.describe(), recording.paths().segment(number))));
    return SegmentReader.open(places.bytes(place));
  }

  /**
   * A segment that is in the archive.
   *
   * @return empty when there is none of that number
   * @throws SegmentException when it is damaged, or of another recording
   */
  Optional<SegmentTrailer> archived(final long number) throws IOException {
    try {
      final SegmentReader segment = open(number);
      SegmentChain.checkAlone(segment.name(), recording, number, segment.trailer());
      return Optional.of(segment.trailer());
    } catch (final ObjectNotFoundException e) {
      return Optional.empty();
    }
  }

  /** What is not removed is of no harm: the newest counts. */
  private void removeOld() throws IOException {
    while (published.size() > KEPT) {
      final String old = published.element();
      try {
        store.delete(old);
      } catch (final StoreRefusedException e) {
        LOG.warn("an old head stays: {}", e.getMessage());
      }
      published.remove();
    }
  }
}
