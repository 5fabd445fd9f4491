package io.blockcam.archive.head;

import io.blockcam.archive.Moment;
import io.blockcam.archive.record.RecordFlags;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.archive.record.RecordTable;
import io.blockcam.archive.segment.SegmentTrailer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What segments hold, in numbers.
 *
 * @param segments how many
 * @param bytes of their files
 * @param first the first record, if there is any
 * @param last the last record, if there is any
 * @param records how many of each kind; kinds without a record are left out
 * @param failed records of writes that failed on the disk
 * @param recovered segments whose end was repaired after a crash
 * @param earlierEpochs runs of the recorder before those of {@code epochs}
 * @param epochs the last {@value #MOST_EPOCHS} runs of the recorder, in order
 */
public record RecordingSummary(
    long segments,
    long bytes,
    Optional<Moment> first,
    Optional<Moment> last,
    Map<RecordKind, Long> records,
    long failed,
    long recovered,
    long earlierEpochs,
    List<EpochSummary> epochs) {

  /** More than anybody reads, and little enough to be published with every segment. */
  public static final int MOST_EPOCHS = 64;

  /** Of no segment. */
  public static final RecordingSummary EMPTY =
      new RecordingSummary(0, 0, Optional.empty(), Optional.empty(), Map.of(), 0, 0, 0, List.of());

  /** Copies what could be changed. */
  public RecordingSummary {
    final Map<RecordKind, Long> copy = new EnumMap<>(RecordKind.class);
    copy.putAll(records);
    records = Collections.unmodifiableMap(copy);
    epochs = List.copyOf(epochs);
  }

  /** How many records there are in all. */
  public long totalRecords() {
    return records.values().stream().mapToLong(Long::longValue).sum();
  }

  /** How many of a kind. */
  public long count(final RecordKind kind) {
    return records.getOrDefault(kind, 0L);
  }

  /** The first record, with what the clock showed in place of its timestamp. */
  public Optional<Moment> firstShown() {
    return earlierEpochs > 0 || epochs.isEmpty()
        ? first
        : first.map(moment -> moment.shownAt(epochs.get(0).firstShown()));
  }

  /** The last record, with what the clock showed in place of its timestamp. */
  public Optional<Moment> lastShown() {
    return last.map(moment -> moment.shownAt(epochs.get(epochs.size() - 1).lastShown()));
  }

  /** Of one segment. */
  public static RecordingSummary of(final SegmentTrailer segment, final RecordTable table) {
    final Map<RecordKind, Long> kinds = new EnumMap<>(RecordKind.class);
    long failures = 0;
    for (int i = 0; i < table.count(); i++) {
      kinds.merge(table.kind(i), 1L, Long::sum);
      failures += table.hasFlag(i, RecordFlags.FAILED) ? 1 : 0;
    }
    return new RecordingSummary(
        1,
        segment.fileBytes(),
        Optional.of(
            new Moment(segment.epoch(), segment.firstSequence(), segment.firstTimestampNs())),
        Optional.of(new Moment(segment.epoch(), segment.lastSequence(), segment.lastTimestampNs())),
        kinds,
        failures,
        segment.recovered() ? 1 : 0,
        0,
        List.of(EpochSummary.of(segment, table)));
  }

  /** The same with the segment that comes next. */
  public RecordingSummary plus(final SegmentTrailer segment, final RecordTable table) {
    return and(of(segment, table));
  }

  /** The same with what comes next. */
  public RecordingSummary and(final RecordingSummary later) {
    final Map<RecordKind, Long> kinds = new EnumMap<>(RecordKind.class);
    kinds.putAll(records);
    later.records.forEach((kind, count) -> kinds.merge(kind, count, Long::sum));
    final List<EpochSummary> runs = new ArrayList<>(epochs);
    for (final EpochSummary run : later.epochs) {
      if (!runs.isEmpty() && runs.get(runs.size() - 1).number() == run.number()) {
        runs.set(runs.size() - 1, runs.get(runs.size() - 1).and(run));
      } else {
        runs.add(run);
      }
    }
    final int dropped = Math.max(0, runs.size() - MOST_EPOCHS);
    return new RecordingSummary(
        segments + later.segments,
        bytes + later.bytes,
        first.or(later::first),
        later.last.or(this::last),
        kinds,
        failed + later.failed,
        recovered + later.recovered,
        earlierEpochs + later.earlierEpochs + dropped,
        runs.subList(dropped, runs.size()));
  }

  /** Whether both say the same of what is recorded, however it is stored. */
  public boolean agreesWith(final RecordingSummary other) {
    return withBytes(0).equals(other.withBytes(0));
  }

  /** The same of files that take another number of bytes. */
  public RecordingSummary withBytes(final long newBytes) {
    return new RecordingSummary(
        segments, newBytes, first, last, records, failed, recovered, earlierEpochs, epochs);
  }
}
