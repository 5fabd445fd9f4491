package io.blockcam.nativebindings;

import java.lang.foreign.MemorySegment;

/** Keeps memory of the Java heap, which has no address, away from the kernel. */
final class NativeMemory {
  private NativeMemory() {}

  /**
   * The address of native memory.
   *
   * @throws IllegalArgumentException when the segment lies on the Java heap
   */
  static long addressOf(final MemorySegment segment) {
    if (!segment.isNative()) {
      throw new IllegalArgumentException("the kernel needs native memory, not " + segment);
    }
    return segment.address();
  }
}
