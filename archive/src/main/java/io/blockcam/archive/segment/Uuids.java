package io.blockcam.archive.segment;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.UUID;

/** How UUIDs stand in files: in network order (RFC 9562), whatever the order of a buffer. */
public final class Uuids {
  private Uuids() {}

  /** The one at an offset. */
  public static UUID get(final ByteBuffer memory, final int offset) {
    final ByteBuffer view = memory.duplicate().order(ByteOrder.BIG_ENDIAN);
    return new UUID(view.getLong(offset), view.getLong(offset + Long.BYTES));
  }

  /** Puts one at an offset. */
  public static void set(final ByteBuffer memory, final int offset, final UUID id) {
    final ByteBuffer view = memory.duplicate().order(ByteOrder.BIG_ENDIAN);
    view.putLong(offset, id.getMostSignificantBits());
    view.putLong(offset + Long.BYTES, id.getLeastSignificantBits());
  }
}
