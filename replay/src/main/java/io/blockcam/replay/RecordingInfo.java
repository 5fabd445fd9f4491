package io.blockcam.replay;

import io.blockcam.archive.Recording;
import io.blockcam.archive.record.RecordFlags;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.archive.record.RecordTable;
import io.blockcam.archive.segment.SegmentTrailer;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What a recording covers.
 *
 * @param segments how many are published
 * @param bytes of all of them
 * @param first the first record, if there is any
 * @param last the last record, if there is any
 * @param epochs runs of the recorder, in order
 * @param records how many of each kind
 * @param failed records of writes that failed on the disk
 * @param recoveredSegments segments whose end was repaired after a crash
 */
public record RecordingInfo(
    Recording recording,
    long segments,
    long bytes,
    Optional<Moment> first,
    Optional<Moment> last,
    List<Epoch> epochs,
    Map<RecordKind, Long> records,
    long failed,
    long recoveredSegments) {

  /**
   * One run of the recorder.
   *
   * @param clean whether it ended with a stop; the last one may still be running
   */
  public record Epoch(
      long number,
      long segments,
      long records,
      long firstSequence,
      long lastSequence,
      Instant first,
      Instant last,
      boolean clean) {}

  /** How many records there are in all. */
  public long totalRecords() {
    return records.values().stream().mapToLong(Long::longValue).sum();
  }

  /** How many of a kind. */
  public long count(final RecordKind kind) {
    return records.getOrDefault(kind, 0L);
  }

  /**
   * Reads the records of all segments, one at a time, and counts.
   *
   * @param progress called with the bytes of the segments that are done, and of all
   */
  public static RecordingInfo read(final RecordingReader reader, final Verifier.Progress progress)
      throws IOException {
    final Counter counter = new Counter();
    reader.visit(
        (segment, doneBytes, totalBytes) -> {
          counter.add(segment);
          progress.update(doneBytes, totalBytes);
        });
    return counter.info(reader.recording());
  }

  /** Sums up. */
  private static final class Counter {
    private final Map<RecordKind, Long> kinds = new EnumMap<>(RecordKind.class);
    private final List<Epoch> epochs = new ArrayList<>();
    private long segments;
    private long bytes;
    private long failed;
    private long recovered;
    private @Nullable Moment first;
    private @Nullable Moment last;

    void add(final Segment segment) throws IOException {
      final SegmentTrailer trailer = segment.trailer();
      final RecordTable records = segment.reader().records();
      boolean stopped = false;
      for (int i = 0; i < records.count(); i++) {
        kinds.merge(records.kind(i), 1L, Long::sum);
        if (records.hasFlag(i, RecordFlags.FAILED)) {
          failed++;
        }
        stopped |= records.kind(i) == RecordKind.STOP;
      }
      segments++;
      bytes += trailer.fileBytes();
      recovered += trailer.recovered() ? 1 : 0;
      if (first == null) {
        first = new Moment(trailer.epoch(), trailer.firstSequence(), trailer.firstTimestampNs());
      }
      last = new Moment(trailer.epoch(), trailer.lastSequence(), trailer.lastTimestampNs());
      addEpoch(epochs, trailer, stopped);
    }

    RecordingInfo info(final Recording recording) {
      return new RecordingInfo(
          recording,
          segments,
          bytes,
          Optional.ofNullable(first),
          Optional.ofNullable(last),
          List.copyOf(epochs),
          kinds,
          failed,
          recovered);
    }
  }

  private static void addEpoch(
      final List<Epoch> epochs, final SegmentTrailer trailer, final boolean clean) {
    final Instant last = Nanos.toInstant(trailer.lastTimestampNs());
    final int end = epochs.size() - 1;
    if (end >= 0 && epochs.get(end).number() == trailer.epoch()) {
      final Epoch epoch = epochs.get(end);
      epochs.set(
          end,
          new Epoch(
              epoch.number(),
              epoch.segments() + 1,
              epoch.records() + trailer.recordCount(),
              epoch.firstSequence(),
              trailer.lastSequence(),
              epoch.first(),
              last,
              clean || epoch.clean()));
    } else {
      epochs.add(
          new Epoch(
              trailer.epoch(),
              1,
              trailer.recordCount(),
              trailer.firstSequence(),
              trailer.lastSequence(),
              Nanos.toInstant(trailer.firstTimestampNs()),
              last,
              clean));
    }
  }
}
