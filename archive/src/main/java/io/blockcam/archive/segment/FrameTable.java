package io.blockcam.archive.segment;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.nio.ByteBuffer;

/**
 * Where the frames of a segment lie in its file. No digest covers this: a wrong place gives bytes
 * that the digest of the frame refuses.
 */
final class FrameTable {
  /** Of each frame, and of the end of the last one. */
  private final long[] offsets;

  private final int payloads;

  private FrameTable(final long[] offsets, final int payloads) {
    this.offsets = offsets;
    this.payloads = payloads;
  }

  /** Of raw payloads. */
  static FrameTable raw(final SegmentTrailer trailer) {
    final int payloads = trailer.payloadCount();
    final long[] offsets = new long[Frames.count(payloads) + 1];
    for (int frame = 0; frame < offsets.length; frame++) {
      offsets[frame] =
          SegmentTrailer.rawPayloadOffset(Math.min(Frames.firstPayload(frame), payloads));
    }
    return new FrameTable(offsets, payloads);
  }

  /**
   * Of encoded ones.
   *
   * @param encoded u32 for each frame, their lengths
   * @param file for errors
   */
  static FrameTable encoded(
      final SegmentTrailer trailer, final ByteBuffer encoded, final String file)
      throws SegmentException {
    final ByteBuffer lengths = encoded.duplicate().order(LITTLE_ENDIAN);
    final int payloads = trailer.payloadCount();
    final long[] offsets = new long[Frames.count(payloads) + 1];
    offsets[0] = SegmentTrailer.rawPayloadOffset(0);
    for (int frame = 0; frame < offsets.length - 1; frame++) {
      final int length = lengths.getInt(frame * Integer.BYTES);
      if (length <= 0 || length > Frames.bytes(frame, payloads)) {
        throw SegmentException.at(
            file,
            trailer.tablesEnd() + (long) frame * Integer.BYTES,
            "frame %d has %s bytes, raw ones have %d"
                .formatted(frame, Integer.toUnsignedString(length), Frames.bytes(frame, payloads)));
      }
      offsets[frame + 1] = offsets[frame] + length;
    }
    if (offsets[offsets.length - 1] != trailer.tablesOffset()) {
      throw SegmentException.at(
          file,
          trailer.tablesEnd(),
          "the frames have %d bytes, the trailer says %d"
              .formatted(
                  offsets[offsets.length - 1] - offsets[0], trailer.storage().payloadBytes()));
    }
    return new FrameTable(offsets, payloads);
  }

  /** Where a frame begins, or the last one ends. */
  long offset(final int frame) {
    return offsets[frame];
  }

  /** Bytes of a frame in the file. */
  int storedBytes(final int frame) {
    return (int) (offsets[frame + 1] - offsets[frame]);
  }

  /** Bytes of a frame, decoded. */
  int plainBytes(final int frame) {
    return Frames.bytes(frame, payloads);
  }

  /** Whether it stands in the file as it is. */
  boolean isRaw(final int frame) {
    return storedBytes(frame) == plainBytes(frame);
  }
}
