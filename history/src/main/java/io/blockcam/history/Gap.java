package io.blockcam.history;

import io.blockcam.archive.Nanos;
import io.blockcam.archive.index.Event;
import io.blockcam.archive.record.GapReason;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.archive.record.RecordTable;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Writes that are not in the record: {@link RecordKind#GAP} records side by side, as one.
 *
 * @param sequence of the first of them
 * @param from when what was recorded last before it was recorded; empty when nothing was
 * @param to when it was recorded that they are missing
 * @param blocks how many they may have changed
 * @param reason why they are not recorded; empty when this program does not know the reason
 */
public record Gap(
    long sequence, Optional<Instant> from, Instant to, long blocks, Optional<GapReason> reason) {

  /**
   * Those of a segment, in order. Of one that the segment begins with {@link #from} is empty: the
   * segment before knows.
   */
  public static List<Gap> of(final RecordTable records) {
    final List<Gap> gaps = new ArrayList<>();
    Optional<Instant> from = Optional.empty();
    boolean open = false;
    for (int i = 0; i < records.count(); i++) {
      final RecordKind kind = records.kind(i);
      if (kind == RecordKind.GAP) {
        final Instant to = Nanos.toInstant(records.timestampNs(i));
        final Optional<GapReason> reason = GapReason.ofCode(records.aux(i));
        final long blocks = records.runBlocks(i);
        if (open && gaps.get(gaps.size() - 1).reason().equals(reason)) {
          final Gap before = gaps.remove(gaps.size() - 1);
          gaps.add(new Gap(before.sequence, before.from, to, before.blocks + blocks, reason));
        } else {
          gaps.add(new Gap(records.sequence(i), from, to, blocks, reason));
        }
        open = true;
      } else {
        open = false;
        // An epoch begins, perhaps with a clock that was set: what is missing is missing before.
        if (kind != RecordKind.START && kind != RecordKind.CLOCK_STEP) {
          from = Optional.of(Nanos.toInstant(records.timestampNs(i)));
        }
      }
    }
    return gaps;
  }

  /** The same with what the recorder's clock showed in place of timestamps. */
  public Gap shownBy(final RecordedClock clock) {
    return new Gap(
        sequence,
        from.map(time -> clock.shown(Nanos.of(time))),
        clock.shown(sequence, Nanos.of(to)),
        blocks,
        reason);
  }

  /** The same, if nobody knows better behind a record of that time. */
  public Gap after(final Instant before) {
    return from.isPresent() ? this : new Gap(sequence, Optional.of(before), to, blocks, reason);
  }

  /**
   * Those of a recording, in order. The index tells which segments have any; only these are read.
   *
   * @param segments of it
   * @param progress called with the segments that are done, and all, where there is no index
   */
  public static List<Gap> all(
      final RecordingReader reader, final Segments segments, final Progress progress)
      throws IOException {
    final List<Long> numbers =
        Events.of(reader, segments, RecordKind.GAP, /* useIndex= */ true, progress).stream()
            .map(Event::segment)
            .distinct()
            .toList();
    if (numbers.isEmpty()) {
      return List.of();
    }
    final RecordedClock clock = RecordedClock.of(reader, segments, /* useIndex= */ true);
    final List<Gap> gaps = new ArrayList<>();
    for (final long number : numbers) {
      final Optional<RecordTable> records = segments.records(number);
      if (records.isPresent()) {
        final Optional<Instant> before =
            segments.before(number).map(s -> Nanos.toInstant(s.lastTimestampNs()));
        for (final Gap gap : of(records.get())) {
          gaps.add(before.map(gap::after).orElse(gap).shownBy(clock));
        }
      }
    }
    return gaps;
  }
}
