package io.blockcam.history;

import io.blockcam.archive.Recording;
import io.blockcam.archive.RecordingFormatException;
import io.blockcam.archive.RecordingJson;
import io.blockcam.archive.RecordingName;
import io.blockcam.archive.RecordingPaths;
import io.blockcam.archive.StrictJson;
import io.blockcam.archive.hash.Sha256;
import io.blockcam.archive.hash.Sha256Digest;
import io.blockcam.archive.head.HeadJson;
import io.blockcam.archive.head.RecordingHead;
import io.blockcam.archive.head.RecordingSummary;
import io.blockcam.archive.segment.SegmentChain;
import io.blockcam.archive.segment.SegmentException;
import io.blockcam.archive.segment.SegmentReader;
import io.blockcam.archive.segment.SegmentTrailer;
import io.blockcam.store.ObjectNotFoundException;
import io.blockcam.store.ObjectStatus;
import io.blockcam.store.ReadableStore;
import io.blockcam.store.StoreException;
import io.blockcam.store.StoreUnavailableException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.BiConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A recording in a store, open for reading.
 *
 * <p>{@link #segments} reads the end of every segment and checks that they belong together: one
 * recording, numbers without a hole, sequences without a hole, each naming the digest of the one
 * before. So a segment that was lost, exchanged or damaged is noticed before anything is restored.
 */
public final class RecordingReader {

  /** How many segments are read at the same time; of each up to 64 KiB are in memory. */
  private static final int READ_AHEAD = 16;

  private static final Logger LOG = LoggerFactory.getLogger(RecordingReader.class);

  /** The newest head may be gone when it is read: a recorder that is running has a newer one. */
  private static final int HEAD_ATTEMPTS = 5;

  private final ReadableStore store;
  private final Recording recording;
  private final Sha256Digest recordingJson;
  private final SegmentPlaces places;

  private RecordingReader(final ReadableStore store, final Found found) {
    this.store = store;
    this.recording = found.recording;
    this.recordingJson = found.digest;
    this.places = new SegmentPlaces(store, recording);
  }

  /** What {@code recording.json} says, and the digest of its bytes. */
  private record Found(Recording recording, Sha256Digest digest) {}

  /**
   * Names of the recordings of a store, sorted.
   *
   * @param refused told of each that may not be looked at, and why
   */
  public static List<String> names(
      final ReadableStore store, final BiConsumer<String, StoreException> refused)
      throws IOException {
    final List<String> names = new ArrayList<>();
    for (final ObjectStatus status : store.list("")) {
      if (status.isDirectory() && RecordingName.isValid(status.name())) {
        try {
          if (store.status(new RecordingPaths(status.name()).recordingJson()).isPresent()) {
            names.add(status.name());
          }
        } catch (final StoreUnavailableException e) {
          throw e;
        } catch (final StoreException e) {
          refused.accept(status.name(), e);
        }
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
  public static RecordingReader open(final ReadableStore store, final String name)
      throws IOException {
    final Optional<Found> found = find(store, name);
    if (found.isEmpty()) {
      final List<String> names = names(store, (other, e) -> {});
      throw new NoSuchRecordingException(
          "no recording '"
              + name
              + "' in "
              + store.describe()
              + (names.isEmpty()
                  ? ": there is none at all"
                  : "; there is " + String.join(", ", names)));
    }
    return new RecordingReader(store, found.get());
  }

  /** What {@code recording.json} says, if there is one. */
  public static Optional<Recording> read(final ReadableStore store, final String name)
      throws IOException {
    return find(store, name).map(Found::recording);
  }

  private static Optional<Found> find(final ReadableStore store, final String name)
      throws IOException {
    final String path = new RecordingPaths(name).recordingJson();
    final Optional<ObjectStatus> status = store.status(path);
    if (status.isEmpty()) {
      return Optional.empty();
    }
    final String file = store.describe() + "/" + path;
    if (status.get().isDirectory() || status.get().lengthBytes() > StrictJson.MAX_BYTES) {
      throw new RecordingFormatException(file, "is not a file of at most 64 KiB");
    }
    final ByteBuffer bytes = ByteBuffer.allocate((int) status.get().lengthBytes());
    store.read(path, 0, bytes);
    final Recording recording = RecordingJson.read(bytes.array(), file);
    if (!recording.name().equals(name)) {
      throw new RecordingFormatException(
          file, "names the recording '" + recording.name() + "': it was copied or renamed");
    }
    return Optional.of(new Found(recording, Sha256.of(bytes.array())));
  }

  /** What never changes about the recording. */
  public Recording recording() {
    return recording;
  }

  /**
   * Its segments, in order of their numbers; nothing of them is read.
   *
   * @param first number of the first one that is wanted
   */
  public SegmentListing listing(final long first) throws IOException {
    return new SegmentListing(store, places, recording.paths(), first);
  }

  /**
   * The bytes of its segments, as a listing tells.
   *
   * @param first number of the first one that counts
   */
  public long totalBytes(final long first) throws IOException {
    final SegmentListing listing = listing(first);
    long bytes = 0;
    for (SegmentPlace next = listing.next(); next != null; next = listing.next()) {
      bytes += next.lengthBytes();
    }
    return bytes;
  }

  /** Looks at packs beside the segments in them. */
  public PackFindings packFindings() {
    return new PackFindings(store, places, new PackListing(store, recording.paths()));
  }

  /** The bytes of a segment. */
  public SegmentBytes bytes(final SegmentPlace place) {
    return places.bytes(place);
  }

  /**
   * Finds out which segments there are, from the head and what is newer; without a head that is of
   * use, from the names of all.
   *
   * @throws SegmentException when the newest ones are missing, or one between the others
   */
  public Segments find() throws IOException {
    final Optional<RecordingHead> head = usableHead();
    if (head.isPresent()) {
      final SegmentTrailer newest = newest(head.get()).trailer();
      if (fits(head.get(), newest) && beginsWhereItSays(head.get())) {
        long end = newest.segmentNumber() + 1;
        while (places.ofItsOwn(end).isPresent()) {
          end++;
        }
        return new Segments(
            this, end(head.get()) - head.get().summary().segments(), end, head.get());
      }
      LOG.warn("the head of {} does not fit its segments and is not used", recording.name());
    }
    final SegmentListing listing = listing(0);
    final SegmentPlace oldest = listing.next();
    if (oldest == null) {
      return new Segments(this, 0, 0, false);
    }
    final long first = oldest.number();
    if (first > 0 && !open(oldest).trailer().base()) {
      throw missingBefore(oldest, 0);
    }
    long end = first + 1;
    for (SegmentPlace next = listing.next(); next != null; next = listing.next()) {
      if (next.number() != end) {
        throw missingBefore(next, end);
      }
      end++;
    }
    return new Segments(this, first, end, false);
  }

  /**
   * Segments that somebody has found before; whether they are there shows when they are opened.
   *
   * @param tolerant whether some of them may be missing or damaged
   */
  public Segments segments(final long first, final long end, final boolean tolerant) {
    return new Segments(this, first, end, tolerant);
  }

  /** Path of the object that holds a segment, if there is one. */
  public Optional<String> path(final long number) throws IOException {
    return places.find(number).map(SegmentPlace::path);
  }

  /**
   * The segments that there are, of a recording of which some are missing or damaged.
   *
   * @return {@linkplain Segments#isTolerant tolerant}
   */
  public Segments findWhatIsLeft() throws IOException {
    final SegmentPlace oldest = listing(0).next();
    final OptionalLong newest = SegmentListing.newest(store, recording.paths());
    if (oldest == null || newest.isEmpty()) {
      return new Segments(this, 0, 0, true);
    }
    final long first = oldest.number();
    long end = newest.getAsLong() + 1;
    for (; end > first; end--) { // the newest one tells which moment is the latest
      try {
        open(end - 1);
        break;
      } catch (final SegmentException e) {
        LOG.warn("lost with all that was written in it: {}", e.getMessage());
      }
    }
    return new Segments(this, first, end, true);
  }

  private SegmentException missingBefore(final SegmentPlace place, final long number) {
    final long last = place.number() - 1;
    return SegmentException.of(
        place(place.name()),
        last == number
            ? "segment %d is missing before it".formatted(number)
            : "segments %d to %d are missing before it".formatted(number, last));
  }

  /** The segment that a head names. */
  private SegmentReader newest(final RecordingHead head) throws IOException {
    final Optional<SegmentPlace> newest = places.find(head.segmentNumber());
    if (newest.isEmpty()) {
      throw SegmentException.of(
          place(recording.paths().segments()),
          missingAtTheEnd(Optional.of(head), head.segmentNumber()).orElseThrow());
    }
    return open(newest.get());
  }

  private static long end(final RecordingHead head) {
    return head.segmentNumber() + 1;
  }

  /**
   * Reads the end of a segment and checks that it is of this recording.
   *
   * @throws SegmentException when it is missing or damaged
   */
  SegmentReader open(final long number) throws IOException {
    final SegmentReader segment = open(placeOf(number));
    SegmentChain.checkAlone(segment.name(), recording, number, segment.trailer());
    return segment;
  }

  /** The same for whoever wants little of it. */
  SegmentReader openTrailer(final long number) throws IOException {
    final SegmentReader segment = SegmentReader.openTrailer(bytes(placeOf(number)));
    SegmentChain.checkAlone(segment.name(), recording, number, segment.trailer());
    return segment;
  }

  private SegmentPlace placeOf(final long number) throws IOException {
    return places
        .find(number)
        .orElseThrow(
            () ->
                SegmentException.of(
                    place(recording.paths().segments()),
                    "segment %d is missing".formatted(number)));
  }

  /**
   * What a segment says of itself.
   *
   * @throws SegmentException when it is missing or damaged
   */
  public SegmentTrailer trailer(final long number) throws IOException {
    return open(number).trailer();
  }

  /** The bytes of a run of the index, if there is one. */
  Optional<RunBytes> run(final String path) throws IOException {
    return store
        .status(path)
        .filter(status -> !status.isDirectory())
        .map(status -> new RunBytes(new ObjectBytes(store, status)));
  }

  /** What stands in a directory of the recording. */
  List<ObjectStatus> list(final String directory) throws IOException {
    return store.list(directory);
  }

  /**
   * All segments, checked to be one unbroken chain. Of each only what its trailer says is kept.
   *
   * @throws SegmentException when one is missing, damaged, or of another recording
   */
  public List<Segment> segments() throws IOException {
    final List<Segment> segments = new ArrayList<>();
    visit((segment, doneBytes, totalBytes) -> segments.add(segment.withoutTail()));
    return segments;
  }

  /**
   * Looks at all segments, one after the other, while the ends of the next ones are read: a store
   * answers many as fast as one.
   *
   * @throws SegmentException when one is missing, damaged, or of another recording
   */
  public void visit(final SegmentVisitor visitor) throws IOException {
    final Optional<RecordingHead> head = usableHead(); // first, or it might be ahead of the list
    final long totalBytes = totalBytes(0);
    final SegmentChain[] chain = {beginning()};
    final long[] doneBytes = {0};
    InOrder.run(
        listing(0),
        InOrder.workers(READ_AHEAD),
        READ_AHEAD,
        this::open,
        (place, reader) -> {
          chain[0] = chain[0].next(reader.name(), place.number(), reader.trailer());
          if (head.isPresent() && !fits(head.get(), reader.trailer())) {
            throw SegmentException.of(
                reader.name(), "is not the segment that the head of the recording names");
          }
          doneBytes[0] += place.lengthBytes();
          visitor.visit(new Segment(reader), doneBytes[0], totalBytes);
        });
    final Optional<String> missing = missingAtTheEnd(head, chain[0].number());
    if (missing.isPresent()) {
      throw SegmentException.of(place(recording.paths().segments()), missing.get());
    }
  }

  /** Whether a segment is the one that the head names, or another number. */
  public static boolean fits(final RecordingHead head, final SegmentTrailer segment) {
    return segment.segmentNumber() != head.segmentNumber()
        || segment.digest().equals(head.digest());
  }

  /**
   * What is missing behind the last segment.
   *
   * @param next the number behind it
   */
  public static Optional<String> missingAtTheEnd(
      final Optional<RecordingHead> head, final long next) {
    return head.filter(h -> h.segmentNumber() >= next)
        .map(
            h ->
                next == h.segmentNumber()
                    ? "segment %d is missing at the end: the head of the recording names it"
                        .formatted(next)
                    : "segments %d to %d are missing at the end: the head of the recording names them"
                        .formatted(next, h.segmentNumber()));
  }

  /**
   * The newest head.
   *
   * @return empty when there is none
   * @throws RecordingFormatException when it is none of this recording
   */
  public Optional<RecordingHead> head() throws IOException {
    for (int attempt = 1; ; attempt++) {
      final Optional<ObjectStatus> newest =
          store.list(recording.paths().heads()).stream()
              .filter(s -> !s.isDirectory() && RecordingHead.number(s.name()).isPresent())
              .max(Comparator.comparing(ObjectStatus::name));
      if (newest.isEmpty()) {
        return Optional.empty();
      }
      try {
        return Optional.of(head(newest.get()));
      } catch (final ObjectNotFoundException e) {
        if (attempt == HEAD_ATTEMPTS) {
          throw e;
        }
      }
    }
  }

  private RecordingHead head(final ObjectStatus status) throws IOException {
    final String file = place(status.path());
    if (status.lengthBytes() > StrictJson.MAX_BYTES) {
      throw new RecordingFormatException(file, "is larger than any head");
    }
    final ByteBuffer bytes = ByteBuffer.allocate((int) status.lengthBytes());
    store.read(status.path(), 0, bytes);
    final RecordingHead head = HeadJson.read(bytes.array(), file);
    if (!head.recordingId().equals(recording.id()) || !head.fileName().equals(status.name())) {
      throw new RecordingFormatException(
          file,
          "is the head of segment %d of recording %s: it was copied or renamed"
              .formatted(head.segmentNumber(), head.recordingId()));
    }
    return head;
  }

  /** The newest head, unless it is damaged: everything can be known without it. */
  public Optional<RecordingHead> usableHead() throws IOException {
    try {
      return head();
    } catch (final RecordingFormatException e) {
      LOG.warn("a damaged head is not used: {}", e.getMessage());
      return Optional.empty();
    }
  }

  /**
   * What all segments hold, those behind the head included.
   *
   * @return empty when the head does not fit them
   * @throws SegmentException when its segment is missing, one behind it is damaged, or the first
   *     one is not that of this recording.json
   */
  public Optional<RecordingSummary> summary(final RecordingHead head) throws IOException {
    final SegmentTrailer named = newest(head).trailer();
    if (!fits(head, named) || !beginsWhereItSays(head)) {
      LOG.warn("the head of {} does not fit its segments and is not used", recording.name());
      return Optional.empty();
    }
    RecordingSummary summary = head.summary();
    SegmentChain chain = beginning().resume(named);
    for (Optional<SegmentPlace> next = places.ofItsOwn(chain.number());
        next.isPresent();
        next = places.ofItsOwn(chain.number())) {
      final SegmentReader reader = open(next.get());
      chain = chain.next(reader.name(), chain.number(), reader.trailer());
      summary = summary.plus(reader.trailer(), reader.records());
    }
    return Optional.of(summary);
  }

  /** Whether the first segment is where a head counts from; it vouches for recording.json. */
  private boolean beginsWhereItSays(final RecordingHead head) throws IOException {
    final long first = head.segmentNumber() - head.summary().segments() + 1;
    final Optional<SegmentPlace> place = first < 0 ? Optional.empty() : places.find(first);
    if (place.isEmpty()) {
      return false;
    }
    final SegmentReader oldest = open(place.get());
    if (first > 0 && !oldest.trailer().base()) {
      return false;
    }
    beginning().next(oldest.name(), first, oldest.trailer());
    return true;
  }

  /** How errors call an object of the archive. */
  String place(final String path) {
    return store.describe() + "/" + path;
  }

  /** What the first segment must be. */
  public SegmentChain beginning() {
    return SegmentChain.beginning(recording, recordingJson);
  }

  private SegmentReader open(final SegmentPlace place) throws IOException {
    final SegmentReader reader = SegmentReader.open(bytes(place));
    reader.header(); // repeats what the trailer says; a difference is damage
    return reader;
  }

  /** Sees the segments of a recording, in order. */
  @FunctionalInterface
  public interface SegmentVisitor {
    /**
     * @param segment with the end of its file in memory: its records cost nothing or little more
     * @param doneBytes of the segments up to this one
     */
    void visit(Segment segment, long doneBytes, long totalBytes) throws IOException;
  }
}
