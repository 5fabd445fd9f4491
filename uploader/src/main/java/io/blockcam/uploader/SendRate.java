package io.blockcam.uploader;

import io.blockcam.archive.segment.SegmentEncoder;

/**
 * How fast the archive takes what one way brings: its recent past, so that the way may change. Any
 * thread.
 */
final class SendRate {
  /** Of less than this most of the time is that of the questions and answers around it. */
  private static final long LEAST_BYTES = 1 << 20;

  /** What a new measurement counts against all before it. */
  private static final double WEIGHT = 0.25;

  private double nanosPerByte = Double.NaN;

  /** So many bytes were sent, and compared, in that time. */
  synchronized void add(final long bytes, final long nanos) {
    if (bytes < LEAST_BYTES) {
      return;
    }
    final double measured = (double) nanos / bytes;
    nanosPerByte =
        Double.isNaN(nanosPerByte) ? measured : nanosPerByte + WEIGHT * (measured - nanosPerByte);
  }

  /**
   * Whether something of which this is a sample is sent sooner if it is encoded first. Before
   * anything was sent, it is.
   */
  synchronized boolean isFasterEncoded(final SegmentEncoder.Sample sample) {
    if (!sample.isWorthIt()) {
      return false;
    }
    final double savedNanos = (sample.plainBytes() - sample.encodedBytes()) * nanosPerByte;
    return !(savedNanos <= sample.nanos());
  }
}
