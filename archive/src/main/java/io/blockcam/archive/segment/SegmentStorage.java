package io.blockcam.archive.segment;

import static io.blockcam.archive.record.RecordDescriptor.BLOCK_BYTES;

/**
 * How a segment stands in its file, as far as that is no part of what it says: a segment that is
 * encoded or signed later keeps its digest, and so the chain keeps whole.
 *
 * @param encoding of the payloads
 * @param payloadBytes that they take up
 * @param signatureKind 0 when there is none; what the others mean, only their makers know yet
 * @param signatureBytes of the signature, at most {@link SegmentLimits#MAX_SIGNATURE_BYTES}
 */
public record SegmentStorage(
    PayloadEncoding encoding, long payloadBytes, int signatureKind, int signatureBytes) {

  /** As the recorder writes it. */
  public static SegmentStorage raw(final int payloads) {
    return new SegmentStorage(PayloadEncoding.RAW, (long) payloads * BLOCK_BYTES, 0, 0);
  }

  /** Whether there is a signature. This program checks none. */
  public boolean isSigned() {
    return signatureKind != 0;
  }

  /** Bytes of the lengths of so many frames. */
  long frameLengthsBytes(final int payloads) {
    return encoding == PayloadEncoding.RAW ? 0 : (long) Frames.count(payloads) * Integer.BYTES;
  }
}
