package io.blockcam.capture;

import io.blockcam.archive.log.RecordView;
import io.blockcam.archive.record.RecordKind;

/**
 * Makes timestamps that never decrease. Two queues read the clock and claim their places in one
 * order or the other, so that a record may be stamped a little earlier than the one before it. One
 * thread.
 */
final class TimeOrder {
  private final RecordView moved = RecordView.allocate();
  private long lastNs;

  /**
   * @param lastNs of the record before, in ns
   */
  TimeOrder(final long lastNs) {
    this.lastNs = lastNs;
  }

  /**
   * Takes the next record.
   *
   * @return the same; of a clock step that is recorded later than it was taken, one that says as
   *     much about how far the clock is behind. Valid until the next call
   */
  RecordView next(final RecordView record) {
    final long lateNs = lastNs - record.timestampNs();
    if (lateNs <= 0) {
      lastNs = record.timestampNs();
      return record;
    }
    return record.kindCode() == RecordKind.CLOCK_STEP.code()
        ? moved.put(record.sequence(), 0, 0, RecordKind.CLOCK_STEP, 0, shownNs(record, lateNs))
        : record;
  }

  /** Set ahead, the clock is where the step says; else it is behind by as much as before. */
  private long shownNs(final RecordView step, final long lateNs) {
    return step.aux() < step.timestampNs() ? step.aux() + lateNs : Math.max(step.aux(), lastNs);
  }

  /** Timestamp of the record that was taken last, in ns. */
  long lastNs() {
    return lastNs;
  }
}
