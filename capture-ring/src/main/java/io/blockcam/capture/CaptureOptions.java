package io.blockcam.capture;

import io.blockcam.archive.record.RecordDescriptor;
import io.blockcam.capture.ring.CaptureRing;
import io.blockcam.capture.ring.SlabHeader;
import io.blockcam.capture.spool.SealRules;
import io.blockcam.capture.spool.SpoolWriter;
import java.nio.file.Path;

/**
 * How to record.
 *
 * @param ringFile where the ring lies, on tmpfs
 * @param ringSlots its capacity in blocks, a power of two; see {@link SlabHeader#slotsFor}
 * @param maxWriteSectors longest write of the device, in 512-byte units; the ring must hold two
 * @param seal when a segment is sealed, and by whom
 * @param onFull what becomes of writes when there is no room for their records
 * @param leastRegionBytes what a power cut leaves in doubt at least, a power of two from 4096 on
 * @param readBackBytesPerSecond how fast a large doubt is read back at most, at least 1
 */
public record CaptureOptions(
    Path ringFile,
    int ringSlots,
    int maxWriteSectors,
    SealRules seal,
    OnFull onFull,
    long leastRegionBytes,
    long readBackBytesPerSecond) {

  /** 200 MiB: what md allows a resync (sync_speed_max, md(4)). */
  public static final long DEFAULT_READ_BACK_BYTES_PER_SECOND = 200L << 20;

  /** The first write to a region waits for a sync; who writes on waits once for several. */
  public static final long DEFAULT_REGION_BYTES = 1L << 20;

  /** 256 MiB. */
  public static final int DEFAULT_RING_SLOTS = 1 << 16;

  /** With the usual rate. */
  public CaptureOptions(
      final Path ringFile,
      final int ringSlots,
      final int maxWriteSectors,
      final SealRules seal,
      final OnFull onFull,
      final long leastRegionBytes) {
    this(
        ringFile,
        ringSlots,
        maxWriteSectors,
        seal,
        onFull,
        leastRegionBytes,
        DEFAULT_READ_BACK_BYTES_PER_SECOND);
  }

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
    if (footprintBytes(maxWriteSectors) > seal.limits().maxBytes()
        || CaptureRing.slotsFor(maxWriteSectors) > seal.limits().maxRecords()) {
      throw new IllegalArgumentException(
          "a segment of %d bytes does not hold a write of %d sectors; make it larger"
              .formatted(seal.limits().maxBytes(), maxWriteSectors));
    }
    if (readBackBytesPerSecond < 1) {
      throw new IllegalArgumentException(
          "what is read back a second is at least 1 byte, not " + readBackBytesPerSecond);
    }
    if (leastRegionBytes < RecordDescriptor.BLOCK_BYTES || Long.bitCount(leastRegionBytes) != 1) {
      throw new IllegalArgumentException(
          "a region has a power of two of bytes from 4096 on, not " + leastRegionBytes);
    }
  }

  /** The same but for what becomes of writes when there is no room for their records. */
  public CaptureOptions with(final OnFull other) {
    return new CaptureOptions(
        ringFile,
        ringSlots,
        maxWriteSectors,
        seal,
        other,
        leastRegionBytes,
        readBackBytesPerSecond);
  }

  /** The same with the ring in another file. */
  public CaptureOptions withRing(final Path other) {
    return new CaptureOptions(
        other, ringSlots, maxWriteSectors, seal, onFull, leastRegionBytes, readBackBytesPerSecond);
  }

  /**
   * Checks how much the spool may take.
   *
   * @throws IllegalArgumentException when that does not hold one write
   */
  public void checkSpoolLimit(final long bytes) {
    final long leastBytes = footprintBytes(maxWriteSectors);
    if (bytes < leastBytes) {
      throw new IllegalArgumentException(
          "a spool limit of %d bytes does not hold one write; give it at least %d"
              .formatted(bytes, leastBytes));
    }
  }

  /** Bytes of a segment that holds one such write. */
  private static long footprintBytes(final int sectors) {
    return SpoolWriter.SEGMENT_FOOTPRINT_BYTES
        + CaptureRing.slotsFor(sectors) * SpoolWriter.RECORD_FOOTPRINT_BYTES;
  }
}
