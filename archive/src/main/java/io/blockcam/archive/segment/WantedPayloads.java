package io.blockcam.archive.segment;

import io.blockcam.archive.record.RecordTable;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;

/** Payloads that somebody wants from one segment, and what the records that name them say. */
public interface WantedPayloads {

  /** How many. */
  int count();

  /**
   * Which payload of the segment.
   *
   * @param i 0 to {@link #count} - 1; the answers do not decrease with it
   */
  int payload(int i);

  /** Which record names it. */
  int record(int i);

  /** CRC32C that it must have, as the record says. */
  int crc32c(int i);

  /** Every payload that is stored, as the records say that own them. */
  static WantedPayloads all(final RecordTable records) {
    final int[] owners = IntStream.range(0, records.count()).filter(records::ownsPayload).toArray();
    return of(records, owners.length, i -> owners[i]);
  }

  /**
   * The payloads of some records.
   *
   * @param count how many
   * @param record the index of each; their payloads do not decrease
   */
  static WantedPayloads of(
      final RecordTable records, final int count, final IntUnaryOperator record) {
    return new WantedPayloads() {
      @Override
      public int count() {
        return count;
      }

      @Override
      public int payload(final int i) {
        return records.payloadIndex(record.applyAsInt(i));
      }

      @Override
      public int record(final int i) {
        return record.applyAsInt(i);
      }

      @Override
      public int crc32c(final int i) {
        return records.payloadCrc32c(record.applyAsInt(i));
      }
    };
  }
}
