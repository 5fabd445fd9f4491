package io.blockcam.archive.index;

import io.blockcam.archive.segment.SegmentLimits;

/**
 * Where sectors of a block come from, in a long.
 *
 * <pre>
 *  63            46 45            20 19             2 1      0
 *  |     zero     |    segment     |     record      |Z|  P   |
 * </pre>
 *
 * The segment counts from the first one that the run covers; the record from the first one of the
 * segment. Z: the sectors are zero, and no payload needs to be read. P: not all sectors of the
 * block are meant, and a mask stands beside it.
 */
public final class RecordRef {
  /** Segments that one run can cover. */
  public static final long MAX_SEGMENTS = 1L << 26;

  static final long ZERO = 2;
  static final long PARTIAL = 1;

  private static final int SEGMENT_SHIFT = 20;
  private static final int RECORD_SHIFT = 2;

  private RecordRef() {}

  /**
   * Makes one, without P.
   *
   * @param segment 0 to {@link #MAX_SEGMENTS} - 1
   * @param record of the segment
   */
  public static long of(final long segment, final int record, final boolean zero) {
    return segment << SEGMENT_SHIFT | (long) record << RECORD_SHIFT | (zero ? ZERO : 0);
  }

  /** Which segment, counted from the first of the run. */
  public static long segment(final long ref) {
    return ref >>> SEGMENT_SHIFT;
  }

  /** Which record of the segment. */
  public static int record(final long ref) {
    return (int) (ref >>> RECORD_SHIFT) & (SegmentLimits.MAX_RECORDS - 1);
  }

  /** Whether the sectors are zero. */
  public static boolean isZero(final long ref) {
    return (ref & ZERO) != 0;
  }

  /** The same, counted from another first segment. */
  static long shifted(final long ref, final long segments) {
    return ref + (segments << SEGMENT_SHIFT);
  }
}
