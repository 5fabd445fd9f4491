package io.blockcam.capture;

import io.blockcam.archive.record.RecordDescriptor;
import io.blockcam.archive.segment.SegmentLimits;
import io.blockcam.capture.ring.CaptureRing;
import io.blockcam.capture.ring.SlabHeader;
import io.blockcam.capture.spool.SpoolWriter;
import java.nio.file.Path;
import java.time.Duration;

/**
 * How to record.
 *
 * @param ringFile where the ring lies, on tmpfs
 * @param ringSlots its capacity in blocks, a power of two; see {@link SlabHeader#slotsFor}
 * @param maxWriteSectors longest write of the device, in 512-byte units; the ring must hold two
 * @param segmentLimits when a segment is full
 * @param sealAfter how old an open segment becomes at most, more than 0
 * @param leastRegionBytes what a power cut leaves in doubt at least, a power of two from 4096 on; a
 *     large disk has larger regions
 */
public record CaptureOptions(
    Path ringFile,
    int ringSlots,
    int maxWriteSectors,
    SegmentLimits segmentLimits,
    Duration sealAfter,
    long leastRegionBytes) {

  /** The first write to a region waits for a sync: md and DRBD take 4 MiB at least, too. */
  public static final long DEFAULT_REGION_BYTES = 4L << 20;

  /** 256 MiB. */
  public static final int DEFAULT_RING_SLOTS = 1 << 16;

  /** Checks the ranges. */
  public CaptureOptions {
    if (maxWriteSectors < 1) {
      throw new IllegalArgumentException(
          "the longest write has at least 1 sector, not " + maxWriteSectors);
    }
    if (ringSlots < 2 * CaptureRing.slotsFor(maxWriteSectors)) {
      throw new IllegalArgumentException(
          "a ring of %d blocks does not hold two writes of %d sectors; make it larger"
              .formatted(ringSlots, maxWriteSectors));
    }
    if (footprintBytes(maxWriteSectors) > segmentLimits.maxBytes()
        || CaptureRing.slotsFor(maxWriteSectors) > segmentLimits.maxRecords()) {
      throw new IllegalArgumentException(
          "a segment of %d bytes does not hold a write of %d sectors; make it larger"
              .formatted(segmentLimits.maxBytes(), maxWriteSectors));
    }
    if (leastRegionBytes < RecordDescriptor.BLOCK_BYTES || Long.bitCount(leastRegionBytes) != 1) {
      throw new IllegalArgumentException(
          "a region has a power of two of bytes from 4096 on, not " + leastRegionBytes);
    }
    if (sealAfter.isZero() || sealAfter.isNegative()) {
      throw new IllegalArgumentException("segments are sealed after more than 0 s");
    }
  }

  /** Bytes of a segment that holds one such write. */
  static long footprintBytes(final int sectors) {
    return SpoolWriter.SEGMENT_FOOTPRINT_BYTES
        + CaptureRing.slotsFor(sectors) * SpoolWriter.RECORD_FOOTPRINT_BYTES;
  }
}
