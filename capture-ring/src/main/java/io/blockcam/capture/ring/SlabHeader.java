package io.blockcam.capture.ring;

import java.util.UUID;

/**
 * What a slab belongs to.
 *
 * @param recordingId the recording
 * @param epoch the run of the recorder
 * @param baseSequence sequence of the first record of the epoch, at least 0
 * @param slots capacity in blocks, a power of two from {@link #MIN_SLOTS} to {@link #MAX_SLOTS}
 * @param diskBytes size of the recorded disk
 * @param bootId the boot of the machine
 * @param createdNs CLOCK_REALTIME in ns
 */
public record SlabHeader(
    UUID recordingId,
    long epoch,
    long baseSequence,
    int slots,
    long diskBytes,
    UUID bootId,
    long createdNs) {

  /** Fewest slots. */
  public static final int MIN_SLOTS = 2;

  /** Most slots: 16 GiB. */
  public static final int MAX_SLOTS = 1 << 22;

  /** Checks the ranges. */
  public SlabHeader {
    if (slots < MIN_SLOTS || slots > MAX_SLOTS || Integer.bitCount(slots) != 1) {
      throw new IllegalArgumentException(
          "a ring has a power of two of slots from %d to %d, not %d"
              .formatted(MIN_SLOTS, MAX_SLOTS, slots));
    }
    if (epoch < 0 || baseSequence < 0) {
      throw new IllegalArgumentException(
          "epoch %d, base sequence %d: both must be at least 0".formatted(epoch, baseSequence));
    }
  }

  /** The capacity for a ring of about so many bytes: the largest power of two that fits. */
  public static int slotsFor(final long ringBytes) {
    final long slots = Long.highestOneBit(Math.max(ringBytes / SlabDescriptor.SLOT_BYTES, 1));
    return Math.clamp(slots, MIN_SLOTS, MAX_SLOTS);
  }
}
