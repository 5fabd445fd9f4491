package io.blockcam.archive.record;

import static io.blockcam.archive.record.RecordDescriptor.NO_PAYLOAD;
import static io.blockcam.archive.record.RecordDescriptor.WHOLE_BLOCK;

import io.blockcam.archive.hash.Crc32c;
import org.jspecify.annotations.Nullable;

/**
 * What a record must look like, told once for the writer and the reader. Runs for every record on
 * its way into a segment: no allocation unless something is wrong.
 */
public final class RecordRules {
  private RecordRules() {}

  /**
   * What is wrong with the fields that the recorder chooses.
   *
   * @param diskBlocks blocks of the disk, the last perhaps not whole
   * @return null when they fit together
   */
  public static @Nullable String problem(
      final RecordKind kind,
      final long sequence,
      final long timestampNs,
      final long block,
      final long runBlocks,
      final int sectorMask,
      final int flags,
      final long diskBlocks) {
    if (sequence < 0) {
      return "sequence " + Long.toUnsignedString(sequence) + " is beyond 2^63-1";
    }
    if (timestampNs < 0) {
      return "timestamp " + Long.toUnsignedString(timestampNs) + " ns is beyond 2^63-1";
    }
    if ((flags & ~RecordFlags.ALL) != 0) {
      return "flags 0x%04x have an unknown bit".formatted(flags);
    }
    if ((sectorMask & ~WHOLE_BLOCK) != 0) {
      return "sector mask 0x%x has more than 8 bits".formatted(sectorMask);
    }
    if (!kind.hasBlocks()) {
      return block == 0 && runBlocks == 0 && sectorMask == 0
          ? null
          : "a %s record names no block, this one has block %d, run %d, mask 0x%02x"
              .formatted(kind, block, runBlocks, sectorMask);
    }
    if (runBlocks < 1 || runBlocks > 0xffff_ffffL || (runBlocks > 1 && !kind.isRun())) {
      return "a %s record of %d blocks".formatted(kind, runBlocks);
    }
    if (block < 0 || block > diskBlocks - runBlocks) {
      return "blocks %s + %d lie beyond the disk of %d blocks"
          .formatted(Long.toUnsignedString(block), runBlocks, diskBlocks);
    }
    if (sectorMask == 0 || (sectorMask != WHOLE_BLOCK && (runBlocks > 1 || !isMaskable(kind)))) {
      return "a %s record of %d blocks with sector mask 0x%02x"
          .formatted(kind, runBlocks, sectorMask);
    }
    return null;
  }

  /**
   * What is wrong with how the payload is stored, whichever payloads the segment has.
   *
   * @return null when the fields fit together
   */
  public static @Nullable String payloadProblem(
      final RecordKind kind, final int flags, final int payloadIndex, final int payloadCrc32c) {
    final boolean allZero = (flags & RecordFlags.ALL_ZERO) != 0;
    final boolean shared = (flags & RecordFlags.SHARED) != 0;
    final boolean indexed = payloadIndex != NO_PAYLOAD;
    if (!kind.hasPayload()) {
      return !allZero && !shared && !indexed && payloadCrc32c == 0
          ? null
          : "a %s record has no payload, this one names one".formatted(kind);
    }
    if (allZero == indexed || (allZero && shared)) {
      return "flags 0x%04x contradict payload index %s"
          .formatted(flags, indexed ? Integer.toUnsignedString(payloadIndex) : "none");
    }
    if (allZero && payloadCrc32c != Crc32c.ZERO_BLOCK) {
      return "CRC32C 0x%08x is not that of zeroes".formatted(payloadCrc32c);
    }
    return null;
  }

  private static boolean isMaskable(final RecordKind kind) {
    return kind != RecordKind.GAP;
  }
}
