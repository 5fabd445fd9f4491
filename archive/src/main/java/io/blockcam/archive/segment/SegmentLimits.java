package io.blockcam.archive.segment;

/**
 * How large a segment may become.
 *
 * @param maxBytes bytes of the sealed file, at most {@link #MAX_BYTES}
 * @param maxRecords records, at most {@link #MAX_RECORDS}; they are held in memory until the
 *     segment is sealed, and by every reader
 */
public record SegmentLimits(long maxBytes, int maxRecords) {
  /** 128 MiB: one HDFS block. A reader refuses a larger segment, its signature aside. */
  public static final long MAX_BYTES = 128L << 20;

  /** Room for any signature, also of the kinds that outlive quantum computers. */
  public static final int MAX_SIGNATURE_BYTES = 64 << 10;

  /** 16 MiB of records. A reader refuses more. */
  public static final int MAX_RECORDS = 1 << 18;

  /** As large as the format allows. */
  public static final SegmentLimits DEFAULT = new SegmentLimits(MAX_BYTES, MAX_RECORDS);

  private static final long MIN_BYTES = 16 << 10;

  /** Checks the ranges. */
  public SegmentLimits {
    if (maxBytes < MIN_BYTES || maxBytes > MAX_BYTES) {
      throw new IllegalArgumentException(
          "a segment has %d to %d bytes, not %d".formatted(MIN_BYTES, MAX_BYTES, maxBytes));
    }
    if (maxRecords < 1 || maxRecords > MAX_RECORDS) {
      throw new IllegalArgumentException(
          "a segment has 1 to %d records, not %d".formatted(MAX_RECORDS, maxRecords));
    }
  }

  /** Whether a sealed segment with these counts stays within the limits. */
  public boolean allow(final long payloads, final long records) {
    return records <= maxRecords && SegmentTrailer.rawFileBytes(payloads, records) <= maxBytes;
  }
}
