package io.blockcam.archive.segment;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.UUID;

/** A UUID as 16 bytes in the order of RFC 9562. */
public final class Uuids {
  private static final ValueLayout.OfLong NETWORK_ORDER =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

  private Uuids() {}

  /** The one at an offset. */
  public static UUID get(final MemorySegment memory, final long offset) {
    return new UUID(memory.get(NETWORK_ORDER, offset), memory.get(NETWORK_ORDER, offset + 8));
  }

  /** Puts one at an offset. */
  public static void set(final MemorySegment memory, final long offset, final UUID id) {
    memory.set(NETWORK_ORDER, offset, id.getMostSignificantBits());
    memory.set(NETWORK_ORDER, offset + 8, id.getLeastSignificantBits());
  }
}
