package io.blockcam.history;

import io.blockcam.archive.head.RecordingHead;
import io.blockcam.archive.index.RunCover;
import io.blockcam.archive.record.RecordTable;
import io.blockcam.archive.segment.SegmentException;
import io.blockcam.archive.segment.SegmentReader;
import io.blockcam.archive.segment.SegmentRows;
import io.blockcam.archive.segment.SegmentTrailer;
import java.io.IOException;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The segments of a recording by their numbers. One is read when it is asked for, so that a long
 * recording costs no more than a short one; whether all between are there and belong together is
 * for whoever needs them to see. Safe for several threads.
 */
public final class Segments {
  private static final int KEPT = 64;

  /** A store answers many as fast as one. */
  private static final int TRAILERS_AHEAD = 16;

  /** For so long one that is lost is not looked for in packs again and again. */
  private static final long LOST_NS = 10_000_000_000L;

  /** So many times farther back is looked with each step from the end. */
  private static final int GALLOP = 16;

  private static final Logger LOG = LoggerFactory.getLogger(Segments.class);

  private final RecordingReader reader;
  private final long first;
  private final long end;
  private final boolean tolerant;
  private final Optional<RecordingHead> head;

  /** Trailers that were read, without tails. */
  private final Recent<Long, SegmentReader> kept = new Recent<>(KEPT);

  /** Of those that cannot be read, where that is tolerated. */
  private final Recent<Long, Lost> lost = new Recent<>(KEPT);

  /** Somebody may bring it back while it is wanted. */
  private record Lost(SegmentException why, long sinceNs) {}

  /**
   * @param tolerant whether some of them may be missing or damaged
   */
  Segments(final RecordingReader reader, final long first, final long end, final boolean tolerant) {
    this(reader, first, end, tolerant, Optional.empty());
  }

  /**
   * @param head by which they were found
   */
  Segments(
      final RecordingReader reader, final long first, final long end, final RecordingHead head) {
    this(reader, first, end, /* tolerant= */ false, Optional.of(head));
  }

  private Segments(
      final RecordingReader reader,
      final long first,
      final long end,
      final boolean tolerant,
      final Optional<RecordingHead> head) {
    this.reader = reader;
    this.first = first;
    this.end = end;
    this.tolerant = tolerant;
    this.head = head;
  }

  /** Number of the oldest one that is kept. */
  public long first() {
    return first;
  }

  /** Number behind the newest one. */
  public long end() {
    return end;
  }

  /** Whether some may be missing or damaged: what they hold is lost, the others still count. */
  public boolean isTolerant() {
    return tolerant;
  }

  /** Whether there is none. */
  public boolean isEmpty() {
    return first == end;
  }

  /** The head by which they were found; empty when there was none that is of use. */
  public Optional<RecordingHead> head() {
    return head;
  }

  /**
   * How many records they have: what the head counts, and what the trailers behind it tell.
   *
   * @throws SegmentException when one of these is missing or damaged
   */
  public long countRecords() throws IOException {
    final long[] count = {head.map(known -> known.summary().totalRecords()).orElse(0L)};
    final long[] next = {head.map(known -> known.segmentNumber() + 1).orElse(first)};
    InOrder.run(
        () -> next[0] < end ? next[0]++ : null,
        InOrder.workers(TRAILERS_AHEAD),
        TRAILERS_AHEAD,
        number -> reader.openTrailer(number).trailer().recordCount(),
        (number, records) -> count[0] += records);
    return count[0];
  }

  /** Whether the oldest ones stand for others that are not kept. */
  public boolean areFolded() throws IOException {
    return !isEmpty() && readable(first).map(SegmentTrailer::base).orElse(false);
  }

  /** Number of the first one that does not stand for others. */
  public long firstWhole() throws IOException {
    return firstWhere(segment -> !segment.base());
  }

  /**
   * Reads the end of one and checks that it is of this recording.
   *
   * @throws SegmentException when it is missing or damaged
   */
  public SegmentReader open(final long number) throws IOException {
    return open(number, reader::open);
  }

  /**
   * Some records of one, of which little else is read.
   *
   * @param records their numbers, rising
   * @see SegmentReader#rows
   */
  public SegmentRows rows(final long number, final int[] records) throws IOException {
    final SegmentReader known = kept.get(number);
    return (known == null ? open(number, reader::openTrailer) : known).rows(records);
  }

  @FunctionalInterface
  private interface Opening {
    SegmentReader open(long number) throws IOException;
  }

  private SegmentReader open(final long number, final Opening opening) throws IOException {
    final Lost known = tolerant ? lost.get(number) : null;
    if (known != null && System.nanoTime() - known.sinceNs < LOST_NS) {
      throw known.why;
    }
    try {
      final SegmentReader segment = opening.open(number);
      kept.put(number, segment.withoutTail());
      return segment;
    } catch (final SegmentException e) {
      if (tolerant) {
        lost.put(number, new Lost(e, System.nanoTime()));
      }
      throw e;
    }
  }

  /**
   * Whether they are those that something covers: by the digests of the first and the last one,
   * which bind all between.
   *
   * @throws SegmentException when one of these two is missing or damaged
   */
  boolean areThoseOf(final RunCover cover) throws IOException {
    return cover.firstSegment() >= first
        && cover.lastSegment() < end
        && cover.previousDigest().equals(trailer(cover.firstSegment()).previousDigest())
        && cover.lastDigest().equals(trailer(cover.lastSegment()).digest());
  }

  /** The same; what was read before is not read again. */
  public SegmentTrailer trailer(final long number) throws IOException {
    final SegmentReader known = kept.get(number);
    return known == null ? open(number).trailer() : known.trailer();
  }

  /**
   * The records of one.
   *
   * @return empty when they can not be read and that is {@linkplain #isTolerant tolerated}
   */
  public Optional<RecordTable> records(final long number) throws IOException {
    try {
      return Optional.of(open(number).records());
    } catch (final SegmentException e) {
      passOver(e);
      return Optional.empty();
    }
  }

  /**
   * What one says of itself.
   *
   * @return empty when it can not be read and that is {@linkplain #isTolerant tolerated}
   */
  public Optional<SegmentTrailer> readable(final long number) throws IOException {
    try {
      return Optional.of(trailer(number));
    } catch (final SegmentException e) {
      passOver(e);
      return Optional.empty();
    }
  }

  /**
   * The newest one before another.
   *
   * @param end number of the other, or {@link #end}
   * @return empty when there is none that can be read, and that is tolerated
   */
  public Optional<SegmentTrailer> before(final long end) throws IOException {
    for (long number = end - 1; number >= first; number--) {
      final Optional<SegmentTrailer> segment = readable(number);
      if (segment.isPresent()) {
        return segment;
      }
    }
    return Optional.empty();
  }

  private void passOver(final SegmentException e) throws SegmentException {
    if (!tolerant) {
      throw e;
    }
    LOG.debug("passed over: {}", e.getMessage());
  }

  /** What one was found to be by its trailer. */
  @FunctionalInterface
  public interface Test {
    boolean holds(SegmentTrailer segment);
  }

  /**
   * The number of the first segment for which something holds that holds for all behind it, too;
   * {@link #end} when there is none. Reads a few trailers: of a recent one as many in a recording
   * of ten years as in one of a day.
   */
  public long firstWhere(final Test test) throws IOException {
    if (tolerant) {
      return firstReadableWhere(test);
    }
    long low = first;
    long high = end;
    for (long back = 1; end - back > first; back *= GALLOP) { // what is asked for is mostly recent
      if (!test.holds(trailer(end - back))) {
        low = end - back + 1;
        break;
      }
      high = end - back;
    }
    while (low < high) {
      final long middle = (low + high) >>> 1;
      if (test.holds(trailer(middle))) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low;
  }

  /** The same among those that can be read. Those that cannot are passed over one by one. */
  private long firstReadableWhere(final Test test) throws IOException {
    long found = end;
    long low = first;
    long high = end;
    while (low < high) {
      final long middle = (low + high) >>> 1;
      long number = middle;
      Optional<SegmentTrailer> segment = Optional.empty();
      while (number < high && (segment = readable(number)).isEmpty()) {
        number++;
      }
      if (segment.isEmpty()) {
        high = middle; // nothing is left behind it, or it was looked at
      } else if (test.holds(segment.get())) {
        found = number;
        high = middle;
      } else {
        low = number + 1;
      }
    }
    return found;
  }

  /**
   * The number of the segment that holds a record; {@link #end} when none does.
   *
   * @param sequence of the record
   */
  public long holding(final long sequence) throws IOException {
    final long number = firstWhere(segment -> segment.lastSequence() >= sequence);
    return number < end && trailer(number).firstSequence() <= sequence ? number : end;
  }
}
