package io.blockcam.replay;

import io.blockcam.archive.Moment;
import io.blockcam.archive.Nanos;
import io.blockcam.archive.Recording;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.archive.record.RecordTable;
import io.blockcam.archive.segment.SegmentTrailer;
import io.blockcam.history.Segment;
import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * Finds the record that a moment ends with. Reads the records of one segment at most: timestamps
 * and sequences never decrease along the order, so the ends of the segments say which.
 */
public final class MomentResolver {

  private final Recording recording;
  private final List<Segment> segments;

  /** The last segment that stands for others; only from its end on there are moments. */
  private final Optional<SegmentTrailer> base;

  /**
   * @param segments all of the recording, in order
   */
  public MomentResolver(final Recording recording, final List<Segment> segments) {
    this.recording = recording;
    this.segments = segments;
    this.base =
        segments.stream().map(Segment::trailer).filter(SegmentTrailer::base).reduce((a, b) -> b);
  }

  /**
   * Finds a moment. A time after the last record is that of the last record: whether it has come
   * already is not for the reader's clock to decide.
   *
   * @throws MomentException when the recording has no such moment
   */
  public Moment resolve(final When when) throws IOException {
    return switch (when) {
      case When.Latest latest -> last();
      case When.Sequence s -> bySequence(s.sequence());
      case When.At at -> byTime(at.instant());
    };
  }

  /**
   * The first step by which the clock was set back over a time, so that it showed it twice: {@link
   * #resolve} finds the first of the two, and sequences from that of the step on name the second.
   *
   * @return empty when the record knows of none
   */
  public Optional<ClockStep> setBackOver(final Instant instant) throws IOException {
    final long atNs = Nanos.of(instant);
    for (final Segment segment : segments) {
      if (segment.trailer().lastTimestampNs() > atNs) {
        final RecordTable records = segment.reader().records();
        for (int i = 0; i < records.count(); i++) {
          if (records.kindCode(i) == RecordKind.CLOCK_STEP.code()
              && records.aux(i) <= atNs
              && atNs < records.timestampNs(i)) {
            return Optional.of(
                new ClockStep(
                    records.sequence(i),
                    Nanos.toInstant(records.timestampNs(i)),
                    Nanos.toInstant(records.aux(i))));
          }
        }
      }
    }
    return Optional.empty();
  }

  private static MomentException folded(final String moment, final SegmentTrailer base) {
    return new MomentException(
        "%s lies in the part of the history that is not kept; the first moment is seq:%d, %s"
            .formatted(moment, base.lastSequence(), Nanos.toInstant(base.lastTimestampNs())));
  }

  private Moment beginning() {
    final long first = segments.isEmpty() ? 0 : segments.get(0).trailer().firstSequence();
    return new Moment(0, first - 1, Nanos.of(recording.created()));
  }

  private Moment last() {
    return segments.isEmpty() ? beginning() : end(segments.get(segments.size() - 1).trailer());
  }

  private static Moment end(final SegmentTrailer trailer) {
    return new Moment(trailer.epoch(), trailer.lastSequence(), trailer.lastTimestampNs());
  }

  private Moment bySequence(final long sequence) throws IOException {
    if (base.isPresent() && sequence < base.get().lastSequence()) {
      throw folded("seq:" + Long.toUnsignedString(sequence), base.get());
    }
    for (int i = segments.size() - 1; i >= 0; i--) {
      final SegmentTrailer trailer = segments.get(i).trailer();
      if (sequence >= trailer.firstSequence() && sequence <= trailer.lastSequence()) {
        final RecordTable records = segments.get(i).reader().records();
        final int index = (int) (sequence - trailer.firstSequence());
        return new Moment(trailer.epoch(), sequence, records.timestampNs(index));
      }
    }
    throw new MomentException(
        segments.isEmpty()
            ? "the recording has no records yet, so no seq:" + sequence
            : "seq:"
                + Long.toUnsignedString(sequence)
                + " is not recorded; the recording has seq:"
                + segments.get(0).trailer().firstSequence()
                + " to seq:"
                + segments.get(segments.size() - 1).trailer().lastSequence());
  }

  private Moment byTime(final Instant instant) throws IOException {
    if (instant.isBefore(recording.created())) {
      throw new MomentException(
          instant + " lies before the recording began, at " + recording.created());
    }
    final long atNs = Nanos.of(instant);
    if (base.isPresent() && atNs < base.get().lastTimestampNs()) {
      throw folded(instant.toString(), base.get());
    }
    int low = 0;
    int high = segments.size(); // first segment that begins after the moment
    while (low < high) {
      final int middle = (low + high) >>> 1;
      if (segments.get(middle).trailer().firstTimestampNs() <= atNs) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    if (low == 0) {
      return beginning();
    }
    final Segment segment = segments.get(low - 1);
    final SegmentTrailer trailer = segment.trailer();
    if (trailer.lastTimestampNs() <= atNs) {
      return end(trailer);
    }
    final RecordTable records = segment.reader().records();
    int index = 0;
    while (index + 1 < records.count() && records.timestampNs(index + 1) <= atNs) {
      index++;
    }
    return new Moment(trailer.epoch(), records.sequence(index), records.timestampNs(index));
  }
}
