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
   * @param record they stand in, but for the next two
   * @param kind as its code says
   * @param timestampNs of it
   * @param flags of it
   * @param diskBlocks blocks of the disk, the last perhaps not whole
   * @return null when they fit together
   */
  public static @Nullable String problem(
      final RecordFields record,
      final RecordKind kind,
      final long timestampNs,
      final int flags,
      final long diskBlocks) {
    final long sequence = record.sequence();
    final long block = record.block();
    final long runBlocks = record.runBlocks();
    final int sectorMask = record.sectorMask();
    if (sequence < 0) {
      return "sequence " + Long.toUnsignedString(sequence) + " is beyond 2^63-1";
    }
    if (timestampNs < 0) {
      return "timestamp " + Long.toUnsignedString(timestampNs) + " ns is beyond 2^63-1";
    }
    if ((flags & ~RecordFlags.ALL) != 0) {
      return "flags 0x%04x have an unknown bit".formatted(flags);
    }
    if (!kind.hasBlocks()) {
      return block == 0 && runBlocks == 0 && sectorMask == 0
          ? null
          : "a %s record names no block, this one has block %d, run %d, mask 0x%02x"
              .formatted(kind, block, runBlocks, sectorMask);
    }
    if (runBlocks < 1 || (runBlocks > 1 && !kind.isRun())) {
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
    return kind.setsContent();
  }
}
