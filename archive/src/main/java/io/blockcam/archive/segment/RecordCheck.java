package io.blockcam.archive.segment;

import io.blockcam.archive.hash.Crc32c;
import io.blockcam.archive.record.RecordDescriptor;
import io.blockcam.archive.record.RecordFlags;
import io.blockcam.archive.record.RecordTable;
import org.jspecify.annotations.Nullable;

/**
 * What a record must keep to within its segment: the order, and which payloads there are. One
 * thread.
 */
public final class RecordCheck {
  private final long diskBlocks;
  private final Crc32c crc = new Crc32c();

  /**
   * @param diskBlocks blocks of the disk
   */
  public RecordCheck(final long diskBlocks) {
    this.diskBlocks = diskBlocks;
  }

  /**
   * What is wrong with record {@code index}, coming after records that were sound.
   *
   * @param expectedSequence the sequence it must have
   * @param lastTimestampNs timestamp of the record before, 0 for the first
   * @param payloadsBefore payloads that the records before own
   * @return null when it is sound
   */
  public @Nullable String problem(
      final RecordTable table,
      final int index,
      final long expectedSequence,
      final long lastTimestampNs,
      final int payloadsBefore) {
    final String alone = table.problem(index, diskBlocks, crc);
    if (alone != null) {
      return alone;
    }
    if (table.sequence(index) != expectedSequence) {
      return "sequence is %d, %d is due".formatted(table.sequence(index), expectedSequence);
    }
    if (table.timestampNs(index) < lastTimestampNs) {
      return "timestamp %d ns lies before that of the record before, %d ns"
          .formatted(table.timestampNs(index), lastTimestampNs);
    }
    final int payload = table.payloadIndex(index);
    if (payload == RecordDescriptor.NO_PAYLOAD) {
      return null;
    }
    if (table.hasFlag(index, RecordFlags.SHARED)) {
      return payload >= 0 && payload < payloadsBefore
          ? null
          : "shares payload %s, there are %d before it"
              .formatted(Integer.toUnsignedString(payload), payloadsBefore);
    }
    return payload == payloadsBefore
        ? null
        : "owns payload %s, %d is due".formatted(Integer.toUnsignedString(payload), payloadsBefore);
  }
}
