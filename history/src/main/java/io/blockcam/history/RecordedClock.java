package io.blockcam.history;

import io.blockcam.archive.Moment;
import io.blockcam.archive.Nanos;
import io.blockcam.archive.index.Event;
import io.blockcam.archive.record.ClockLead;
import io.blockcam.archive.record.GapReason;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.archive.segment.SegmentTrailer;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What the recorder's wall clock showed. It may have been set back, and shown some times twice;
 * timestamps run on, see {@link ClockLead}. Immutable.
 */
public final class RecordedClock {
  private final List<Span> spans;

  /**
   * Records between two settings of the clock.
   *
   * @param sequence of the first one
   * @param beginsNs its timestamp
   * @param runsFromNs from which timestamp on the clock ran: later where it was set ahead
   * @param leadNs how far timestamps are ahead of it
   */
  private record Span(long sequence, long beginsNs, long runsFromNs, long leadNs) {

    /** What the clock showed at a timestamp. */
    long shownNs(final long timestampNs) {
      return timestampNs - leadNs;
    }
  }

  /** Where a time is in the record. */
  public sealed interface Place {}

  /**
   * It was shown.
   *
   * @param timestampNs that of records then
   * @param endSequence of the first record behind the span of time in which it was
   * @param step the step by which it was shown again, if it was
   */
  public record Shown(long timestampNs, long endSequence, Optional<ClockStep> step)
      implements Place {}

  /**
   * The clock was set ahead over it.
   *
   * @param step by which
   * @param isDoubtful whether the clock was set back later: then it was wrong in between, and what
   *     was recorded then may be what is meant
   */
  public record Skipped(ClockStep step, boolean isDoubtful) implements Place {}

  private RecordedClock(final List<Span> spans) {
    this.spans = spans;
  }

  /**
   * Finds the steps of a recording's clock.
   *
   * @param segments of it
   * @param useIndex whether to look for them in the index of the archive
   */
  public static RecordedClock of(
      final RecordingReader reader, final Segments segments, final boolean useIndex)
      throws IOException {
    final List<Span> spans = new ArrayList<>(List.of(beginning(reader, segments)));
    Optional<Event> before = Optional.empty();
    for (final Event event :
        Events.ifAny(reader, segments, RecordKind.CLOCK_STEP, useIndex, Progress.NONE)) {
      if (event.kind() == RecordKind.CLOCK_STEP) {
        // A start that says where the clock is says it of itself, too.
        final boolean isOfStart =
            before.isPresent()
                && before.get().sequence() == event.sequence() - 1
                && beginsEpoch(segments, before.get());
        step(spans, event, event.sequence() - (isOfStart ? 1 : 0));
      } else if (isNews(spans.get(spans.size() - 1), event) && beginsEpoch(segments, event)) {
        spans.add(new Span(event.sequence(), event.timestampNs(), event.timestampNs(), 0));
      }
      before = Optional.of(event);
    }
    return new RecordedClock(List.copyOf(spans));
  }

  /**
   * Whether a clock that was set right there shows something else than before: one that was set
   * ahead, and back before anything else was recorded, needs no step.
   */
  private static boolean isNews(final Span last, final Event start) {
    return last.leadNs > 0 || start.timestampNs() < last.runsFromNs;
  }

  /**
   * With a start, or with a gap that stands in place of a lost one. Records are lost in the midst
   * of an epoch, too, where the spool was damaged.
   */
  private static boolean beginsEpoch(final Segments segments, final Event first)
      throws IOException {
    if (first.kind() != RecordKind.GAP
        || first.record() != 0
        || first.value() != GapReason.RECORDS_LOST.code()) {
      return first.kind() == RecordKind.START;
    }
    final Optional<SegmentTrailer> segment = segments.readable(first.segment());
    final Optional<SegmentTrailer> before = segments.before(first.segment());
    return segment.isPresent()
        && (before.isEmpty() || before.get().epoch() < segment.get().epoch());
  }

  private static void step(final List<Span> spans, final Event event, final long sequence) {
    if (spans.get(spans.size() - 1).sequence == sequence && spans.size() > 1) {
      spans.remove(spans.size() - 1); // the start: told better here
    }
    spans.add(
        new Span(
            sequence,
            event.timestampNs(),
            Math.max(event.timestampNs(), event.value()),
            ClockLead.told(event.timestampNs(), event.value())));
  }

  /** The clock may have been set back before the first record. */
  private static Span beginning(final RecordingReader reader, final Segments segments)
      throws IOException {
    final long createdNs = Nanos.of(reader.recording().created());
    final Optional<SegmentTrailer> first =
        segments.isEmpty() ? Optional.empty() : segments.readable(segments.first());
    final long beginsNs =
        Math.min(createdNs, first.map(SegmentTrailer::firstTimestampNs).orElse(createdNs));
    return new Span(0, beginsNs, beginsNs, 0);
  }

  /** A moment, with what the clock showed in place of its timestamp. */
  public Moment shown(final Moment moment) {
    return spans.size() == 1
        ? moment
        : moment.shownAt(shown(moment.sequence(), moment.timestampNs()));
  }

  /**
   * What it showed.
   *
   * @param sequence of a record
   * @param timestampNs of it
   */
  public Instant shown(final long sequence, final long timestampNs) {
    int low = 0;
    int high = spans.size() - 1;
    while (low < high) {
      final int middle = (low + high + 1) >>> 1;
      if (spans.get(middle).sequence <= sequence) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return Nanos.toInstant(spans.get(low).shownNs(timestampNs));
  }

  /** What it showed at a timestamp; where it was set just then, before that. */
  Instant shown(final long timestampNs) {
    int i = spans.size() - 1;
    while (i > 0 && spans.get(i).beginsNs >= timestampNs) {
      i--;
    }
    return Nanos.toInstant(spans.get(i).shownNs(timestampNs));
  }

  /** Finds a time; of two places where it was the first, of two where it was not the last. */
  public Place find(final Instant time) {
    final long shownNs = Nanos.of(time);
    Optional<Skipped> skipped = Optional.empty();
    for (int i = 0; i < spans.size(); i++) {
      final Span span = spans.get(i);
      final boolean isLast = i == spans.size() - 1;
      if (shownFromNs(i) <= shownNs && (isLast || isBeforeEnd(shownNs, i))) {
        final long end = isLast ? Long.MAX_VALUE : spans.get(i + 1).sequence;
        final long timestampNs =
            shownNs > Long.MAX_VALUE - span.leadNs ? Long.MAX_VALUE : shownNs + span.leadNs;
        return new Shown(timestampNs, end, again(time, i));
      }
      if (!isLast && !step(i).isBack() && step(i).isOver(time)) {
        skipped = Optional.of(new Skipped(step(i), i + 2 < spans.size() && step(i + 1).isBack()));
      }
    }
    return skipped
        .<Place>map(place -> place)
        .orElseGet(() -> new Shown(shownNs, Long.MAX_VALUE, Optional.empty())); // before the first
  }

  private Optional<ClockStep> again(final Instant time, final int first) {
    for (int i = first; i < spans.size() - 1; i++) {
      final ClockStep step = step(i);
      // Its last moment before it was set back is one that it may have shown again, too.
      if (step.isBack() && !time.isBefore(step.after()) && !time.isAfter(step.before())) {
        return Optional.of(step);
      }
    }
    return Optional.empty();
  }

  /** Or in its last moment, if the clock did not just run on from there. */
  private boolean isBeforeEnd(final long shownNs, final int span) {
    return shownNs < endsAtNs(span)
        || (shownNs == endsAtNs(span) && shownNs != shownFromNs(span + 1));
  }

  private long shownFromNs(final int span) {
    return spans.get(span).shownNs(spans.get(span).runsFromNs);
  }

  /** What the clock showed when a span ended. */
  private long endsAtNs(final int span) {
    return spans.get(span).shownNs(spans.get(span + 1).beginsNs);
  }

  /** Between a span and the next. */
  private ClockStep step(final int span) {
    final Span next = spans.get(span + 1);
    return new ClockStep(
        next.sequence, Nanos.toInstant(endsAtNs(span)), Nanos.toInstant(shownFromNs(span + 1)));
  }
}
