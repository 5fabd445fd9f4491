package io.blockcam.archive.head;

import io.blockcam.archive.Nanos;
import io.blockcam.archive.record.ClockLead;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.archive.record.RecordTable;
import io.blockcam.archive.segment.SegmentTrailer;
import java.time.Instant;

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
 * @param firstLeadNs how far the first one is ahead of what the clock showed, in ns; see {@link
 *     ClockLead}
 * @param lastLeadNs the same of the last one; {@link #UNTOLD} where nothing tells
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
    long firstLeadNs,
    long lastLeadNs,
    boolean clean) {

  /** Of a part of an epoch. */
  static final long UNTOLD = -1;

  /** Of one segment. */
  static EpochSummary of(final SegmentTrailer segment, final RecordTable records) {
    boolean stopped = false;
    long leadNs = UNTOLD;
    long firstLeadNs = 0;
    for (int i = 0; i < records.count(); i++) {
      stopped |= records.kindCode(i) == RecordKind.STOP.code();
      leadNs = ClockLead.after(records, i, leadNs);
      if (i == 1 && records.kindCode(0) == RecordKind.START.code()) {
        firstLeadNs = Math.max(0, leadNs); // a start tells of the clock at once
      }
    }
    return new EpochSummary(
        segment.epoch(),
        1,
        segment.recordCount(),
        segment.firstSequence(),
        segment.lastSequence(),
        segment.firstTimestampNs(),
        segment.lastTimestampNs(),
        firstLeadNs,
        leadNs,
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
        firstLeadNs,
        later.lastLeadNs == UNTOLD ? lastLeadNs : later.lastLeadNs,
        clean || later.clean);
  }

  /** What the clock showed at the first record. */
  public Instant firstShown() {
    return Nanos.toInstant(firstTimestampNs - firstLeadNs);
  }

  /** What the clock showed at the last record. */
  public Instant lastShown() {
    return Nanos.toInstant(lastTimestampNs - Math.max(0, lastLeadNs));
  }
}
