package io.blockcam.replay;

import static io.blockcam.archive.record.RecordDescriptor.BLOCK_BYTES;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.blockcam.archive.Moment;
import io.blockcam.archive.Nanos;
import io.blockcam.archive.Recording;
import io.blockcam.archive.hash.Crc32c;
import io.blockcam.archive.index.Event;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.archive.record.RecordTable;
import io.blockcam.archive.segment.SegmentException;
import io.blockcam.archive.segment.SegmentReader;
import io.blockcam.archive.segment.SegmentTables;
import io.blockcam.archive.segment.SegmentTrailer;
import io.blockcam.history.ClockStep;
import io.blockcam.history.Events;
import io.blockcam.history.Progress;
import io.blockcam.history.RecordedClock;
import io.blockcam.history.RecordingReader;
import io.blockcam.history.Segments;
import java.io.IOException;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds the record that a moment ends with. Reads the ends of a few segments and the records of
 * one: timestamps and sequences never decrease along the order.
 */
public final class MomentResolver {
  private static final Logger LOG = LoggerFactory.getLogger(MomentResolver.class);

  private final RecordingReader reader;
  private final Recording recording;
  private final Segments segments;
  private final boolean useIndex;
  private @Nullable RecordedClock clock;

  /**
   * @param segments of the recording
   * @param useIndex whether to look for marks and clock steps in the index of the archive
   */
  public MomentResolver(
      final RecordingReader reader, final Segments segments, final boolean useIndex) {
    this.reader = reader;
    this.recording = reader.recording();
    this.segments = segments;
    this.useIndex = useIndex;
  }

  /**
   * Finds a moment; its time is what the clock of the recorder showed. A time after the last record
   * is that of the last record: whether it has come already is not for the reader's clock to
   * decide.
   *
   * @throws MomentException when the recording has no such moment
   */
  public Moment resolve(final When when) throws IOException {
    return clock()
        .shown(
            switch (when) {
              case When.Latest latest -> last();
              case When.Sequence s -> bySequence(s.sequence());
              case When.At at -> byTime(at.instant());
              case When.Mark mark -> byMark(mark.text());
            });
  }

  /**
   * The step of the clock by which a time is not that of one moment: it was shown twice, and {@link
   * #resolve} finds the first of the two; or never, and what was recorded meanwhile under another
   * time may be what is meant. Sequences from that of the step on name the other.
   *
   * @return empty when the record knows of none
   */
  public Optional<ClockStep> doubtfulStep(final Instant instant) throws IOException {
    return switch (clock().find(instant)) {
      case RecordedClock.Shown shown -> shown.step();
      case RecordedClock.Skipped skipped ->
          skipped.isDoubtful() ? Optional.of(skipped.step()) : Optional.empty();
    };
  }

  /** What the clock of the recorder showed. */
  public RecordedClock clock() throws IOException {
    if (clock == null) {
      clock = RecordedClock.of(reader, segments, useIndex);
    }
    return clock;
  }

  private List<Event> marks() throws IOException {
    return Events.of(reader, segments, RecordKind.MARK, useIndex, Progress.NONE).reversed();
  }

  private Moment byMark(final String text) throws IOException {
    final OptionalLong value = crc32cOfMark(text);
    for (final Event event : marks()) {
      try {
        if (value.isPresent() && event.value() == value.getAsLong()) {
          final SegmentReader segment = segments.open(event.segment());
          final SegmentTables tables = segment.tables();
          if (text.equals(segment.markText(tables, event.record()))) {
            return moment(segment.trailer(), tables.records(), event.record());
          }
        }
      } catch (final SegmentException e) {
        if (!segments.isTolerant()) {
          throw e;
        }
        LOG.warn("a mark can not be read: {}", e.getMessage());
      }
    }
    throw new MomentException("there is no mark '%s'".formatted(text));
  }

  /** Of the payload that such a mark has; empty when no mark can have this text. */
  private static OptionalLong crc32cOfMark(final String text) {
    final byte[] bytes = text.getBytes(UTF_8);
    return bytes.length > BLOCK_BYTES
        ? OptionalLong.empty()
        : OptionalLong.of(
            Integer.toUnsignedLong(
                new Crc32c().of(Arrays.copyOf(bytes, BLOCK_BYTES), 0, BLOCK_BYTES)));
  }

  /**
   * The last mark at a moment or before it.
   *
   * @throws MomentException when there is none
   */
  public Moment markBefore(final Moment moment) throws IOException {
    for (final Event event : marks()) {
      if (event.sequence() <= moment.sequence()) {
        final Optional<SegmentTrailer> segment = segments.readable(event.segment());
        if (segment.isPresent()) {
          return clock()
              .shown(new Moment(segment.get().epoch(), event.sequence(), event.timestampNs()));
        }
      }
    }
    throw new MomentException("there is no mark at %s or before".formatted(moment.instant()));
  }

  private static Moment moment(
      final SegmentTrailer trailer, final RecordTable records, final int record)
      throws MomentException {
    if (record >= records.count()) {
      throw new MomentException(
          "the index names record %d of segment %d, which has fewer"
              .formatted(record, trailer.segmentNumber()));
    }
    return new Moment(trailer.epoch(), records.sequence(record), records.timestampNs(record));
  }

  /**
   * Blocks of gaps right behind a moment, with nothing but a start between: by the clock, what was
   * lost there may have been written before it.
   */
  public BlockRanges gapsBehind(final Moment moment) throws IOException {
    final BlockRanges gaps = new BlockRanges();
    long number = segments.firstWhere(segment -> segment.lastSequence() > moment.sequence());
    for (; number < segments.end(); number++) {
      final Optional<RecordTable> read = segments.records(number);
      if (read.isEmpty()) {
        continue;
      }
      final RecordTable records = read.get();
      for (int i = 0; i < records.count(); i++) {
        if (records.sequence(i) <= moment.sequence()) {
          continue;
        }
        if (records.kind(i) == RecordKind.GAP) {
          gaps.add(records.block(i), records.runBlocks(i));
        } else if (records.kind(i) != RecordKind.START) {
          return gaps;
        }
      }
    }
    return gaps;
  }

  /**
   * The last flush at a moment or before it: what was acknowledged then was on the disk, and what a
   * file system had to replay is least.
   *
   * @throws MomentException when there is none
   */
  public Moment flushBefore(final Moment moment) throws IOException {
    long number = segments.firstWhere(segment -> segment.firstSequence() > moment.sequence());
    while (number-- > segments.first()) {
      final Optional<RecordTable> read = segments.records(number);
      if (read.isEmpty()) {
        continue;
      }
      final RecordTable records = read.get();
      for (int i = records.count() - 1; i >= 0; i--) {
        if (records.sequence(i) <= moment.sequence() && records.kind(i) == RecordKind.FLUSH) {
          return clock()
              .shown(
                  new Moment(
                      segments.trailer(number).epoch(),
                      records.sequence(i),
                      records.timestampNs(i)));
        }
      }
    }
    throw new MomentException("there is no flush at %s or before".formatted(moment.instant()));
  }

  /** The last segment that stands for others; only from its end on there are moments. */
  private Optional<SegmentTrailer> base() throws IOException {
    final long whole = segments.firstWhole();
    return whole == segments.first()
        ? Optional.empty()
        : segments.readable(whole - 1).filter(SegmentTrailer::base); // else it is lost
  }

  private static MomentException folded(final String moment, final SegmentTrailer base) {
    return new MomentException(
        "%s lies in the part of the history that is not kept; the first moment is seq:%d, %s"
            .formatted(moment, base.lastSequence(), Nanos.toInstant(base.lastTimestampNs())));
  }

  private Moment beginning() throws IOException {
    final long first =
        segments.isEmpty()
            ? 0
            : segments.readable(segments.first()).map(SegmentTrailer::firstSequence).orElse(0L);
    return new Moment(0, first - 1, Nanos.of(recording.created()));
  }

  private Moment last() throws IOException {
    return segments.isEmpty() ? beginning() : end(segments.trailer(segments.end() - 1));
  }

  private static Moment end(final SegmentTrailer trailer) {
    return new Moment(trailer.epoch(), trailer.lastSequence(), trailer.lastTimestampNs());
  }

  private Moment bySequence(final long sequence) throws IOException {
    final Optional<SegmentTrailer> base = base();
    if (base.isPresent() && sequence < base.get().lastSequence()) {
      throw folded("seq:" + Long.toUnsignedString(sequence), base.get());
    }
    final long number = sequence < 0 ? segments.end() : segments.holding(sequence);
    if (number < segments.end()) {
      final SegmentTrailer trailer = segments.trailer(number);
      final RecordTable records = segments.open(number).records();
      final int index = (int) (sequence - trailer.firstSequence());
      return new Moment(trailer.epoch(), sequence, records.timestampNs(index));
    }
    throw new MomentException(
        segments.isEmpty()
            ? "the recording has no records yet, so no seq:" + sequence
            : "seq:"
                + Long.toUnsignedString(sequence)
                + " is not recorded; the recording has seq:"
                + (beginning().sequence() + 1)
                + " to seq:"
                + segments.trailer(segments.end() - 1).lastSequence());
  }

  private Moment byTime(final Instant instant) throws IOException {
    return switch (clock().find(instant)) {
      case RecordedClock.Shown shown -> {
        final Moment last = byTimestamp(shown.timestampNs(), instant);
        yield last.sequence() < shown.endSequence() ? last : upTo(shown.endSequence() - 1);
      }
      case RecordedClock.Skipped skipped -> upTo(skipped.step().sequence() - 1);
    };
  }

  /** A record; where it is lost, the last one before it, if there is any. */
  private Moment upTo(final long sequence) throws IOException {
    final long number = segments.holding(sequence);
    final Optional<RecordTable> records =
        number < segments.end() ? segments.records(number) : Optional.empty();
    if (records.isPresent()) {
      final SegmentTrailer trailer = segments.trailer(number);
      return moment(trailer, records.get(), (int) (sequence - trailer.firstSequence()));
    }
    final long behind = segments.firstWhere(segment -> segment.lastSequence() >= sequence);
    final Optional<SegmentTrailer> before = segments.before(behind);
    return before.isPresent() ? end(before.get()) : beginning();
  }

  private Moment byTimestamp(final long atNs, final Instant asked) throws IOException {
    final boolean isRecorded = // perhaps before it began, by a clock that was set back
        !segments.isEmpty()
            && segments
                .readable(segments.first())
                .map(first -> first.firstTimestampNs() <= atNs)
                .orElse(false);
    if (atNs < Nanos.of(recording.created()) && !isRecorded) {
      throw new MomentException(
          asked + " lies before the recording began, at " + recording.created());
    }
    final Optional<SegmentTrailer> base = base();
    if (base.isPresent() && atNs < base.get().lastTimestampNs()) {
      throw folded(asked.toString(), base.get());
    }
    long behind = segments.firstWhere(segment -> segment.firstTimestampNs() > atNs);
    while (true) {
      final Optional<SegmentTrailer> before = segments.before(behind);
      if (before.isEmpty()) {
        return beginning();
      }
      final SegmentTrailer trailer = before.get();
      if (trailer.lastTimestampNs() <= atNs) {
        return end(trailer);
      }
      behind = trailer.segmentNumber();
      final Optional<RecordTable> records = segments.records(behind);
      if (records.isPresent()) {
        return lastAt(atNs, trailer, records.get());
      }
    }
  }

  private static Moment lastAt(
      final long atNs, final SegmentTrailer trailer, final RecordTable records) {
    int index = 0;
    while (index + 1 < records.count() && records.timestampNs(index + 1) <= atNs) {
      index++;
    }
    return new Moment(trailer.epoch(), records.sequence(index), records.timestampNs(index));
  }
}
