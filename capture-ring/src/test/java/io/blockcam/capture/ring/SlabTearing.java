package io.blockcam.capture.ring;

import java.util.random.RandomGenerator;

/** Makes a slab what a killed process leaves of it. */
public final class SlabTearing {

  private SlabTearing() {}

  /**
   * Takes back the first headers of a write: they are stored from the last to the first, each with
   * its check at the end.
   */
  public static void tear(final Slab slab, final long first, final RandomGenerator random) {
    final int count = slab.count(first);
    final int gone = random.nextInt(1, count + 1);
    for (int i = 0; i < gone; i++) {
      final long slot = first + i - slab.header().baseSequence() & slab.header().slots() - 1;
      final long at = SlabDescriptor.slotHeaderOffset(slot) + SlabDescriptor.SLOT_CHECK_OFFSET;
      slab.memory().set(Slab.U64, at, slab.memory().get(Slab.U64, at) + 1);
    }
  }
}
