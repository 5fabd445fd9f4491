package io.blockcam.archive.index;

import io.blockcam.archive.record.RecordKind;
import io.blockcam.archive.record.RecordTable;

/**
 * A record that is worth finding and no content of the disk, with what it says of itself, so that
 * nobody has to read its segment for that.
 *
 * @param segment number of its segment
 * @param record of the segment
 * @param sequence of the record
 * @param timestampNs of it
 * @param value of a {@link RecordKind#CLOCK_STEP} what the wall clock shows after it, ns; of a
 *     {@link RecordKind#GAP} its reason; of a {@link RecordKind#MARK} the CRC32C of its payload; of
 *     a {@link RecordKind#START} 0
 */
public record Event(
    RecordKind kind, long segment, int record, long sequence, long timestampNs, long value) {

  /** What is stored of a record as the value of its event. */
  static long valueOf(final RecordTable records, final int i) {
    return switch (records.kind(i)) {
      case CLOCK_STEP, GAP -> records.aux(i);
      case MARK -> Integer.toUnsignedLong(records.payloadCrc32c(i));
      default -> 0;
    };
  }
}
