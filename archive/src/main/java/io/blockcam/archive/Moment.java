package io.blockcam.archive;

import java.time.Instant;

/**
 * A state of the disk: everything up to and including one record.
 *
 * @param epoch the run of the recorder
 * @param sequence of the last record that counts; one less than the first when none does
 * @param timestampNs of that record, nanoseconds since 1970; when none counts, when the recording
 *     began
 */
public record Moment(long epoch, long sequence, long timestampNs) {

  /** The same, at a time that a clock showed. */
  public Moment shownAt(final Instant time) {
    return new Moment(epoch, sequence, Nanos.of(time));
  }

  /** The timestamp as an instant. */
  public Instant instant() {
    return Nanos.toInstant(timestampNs);
  }
}
