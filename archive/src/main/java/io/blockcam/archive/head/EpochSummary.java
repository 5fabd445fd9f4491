package io.blockcam.archive.head;

import io.blockcam.archive.record.RecordKind;
import io.blockcam.archive.record.RecordTable;
import io.blockcam.archive.segment.SegmentTrailer;

/**
 * One run of the recorder, in numbers.
 *
 * @param number which
 * @param segments published
 * @param records in them
 * @param firstSequence of the first record
 * @param lastSequence of the last record so far
 * @param firstTimestampNs of the first record
 * @param lastTimestampNs of the last record so far
 * @param clean whether it ended with a stop; the last one may still be running
 */
public record EpochSummary(
    long number,
    long segments,
    long records,
    long firstSequence,
    long lastSequence,
    long firstTimestampNs,
    long lastTimestampNs,
    boolean clean) {

  /** Of one segment. */
  static EpochSummary of(final SegmentTrailer segment, final RecordTable records) {
    boolean stopped = false;
    for (int i = 0; i < records.count(); i++) {
      stopped |= records.kindCode(i) == RecordKind.STOP.code();
    }
    return new EpochSummary(
        segment.epoch(),
        1,
        segment.recordCount(),
        segment.firstSequence(),
        segment.lastSequence(),
        segment.firstTimestampNs(),
        segment.lastTimestampNs(),
        stopped);
  }

  /** Both parts of the same run, one behind the other. */
  EpochSummary and(final EpochSummary later) {
    return new EpochSummary(
        number,
        segments + later.segments,
        records + later.records,
        firstSequence,
        later.lastSequence,
        firstTimestampNs,
        later.lastTimestampNs,
        clean || later.clean);
  }
}
