package io.blockcam.ublk;

import java.util.UUID;

/**
 * Whose device it is, in the 64 bits that the driver keeps for its server ({@code ublksrv_flags}):
 * how a server finds the device that the one before has left.
 *
 * <pre>
 *  63            48 47                                              0
 *  +---------------+------------------------------------------------+
 *  |    0xb10c     |              from the owner's id               |
 *  +---------------+------------------------------------------------+
 * </pre>
 */
public final class DeviceOwner {

  private static final int MAGIC_SHIFT = 48;
  private static final long MAGIC = 0xb10cL << MAGIC_SHIFT;
  private static final long ID_MASK = (1L << MAGIC_SHIFT) - 1;

  /** A device of ours that nobody takes over: it goes with its server. */
  public static final long NOBODY = MAGIC;

  private DeviceOwner() {}

  /** What stands for an owner. */
  public static long of(final UUID id) {
    final long mixed =
        (id.getMostSignificantBits() ^ id.getLeastSignificantBits()) * 0x9e37_79b9_7f4a_7c15L;
    return MAGIC | Math.max(1, mixed >>> (Long.SIZE - MAGIC_SHIFT) & ID_MASK);
  }

  /** Whether it is that of a device of ours. */
  public static boolean isOurs(final long owner) {
    return (owner & ~ID_MASK) == MAGIC;
  }
}
