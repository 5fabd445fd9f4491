package io.blockcam.archive.hash;

import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/**
 * CRC32C (Castagnoli, RFC 3720 appendix B.4) of one piece of memory after another. One thread at a
 * time. Allocates once, not per use, for arrays and for memory of up to 4096 bytes.
 */
public final class Crc32c {
  /** CRC32C of 4096 zero bytes. */
  public static final int ZERO_BLOCK = 0x98f9_4189;

  private final CRC32C crc = new CRC32C();

  /** CRC32C of {@code length} bytes of an array. */
  public int of(final byte[] bytes, final int offset, final int length) {
    crc.reset();
    crc.update(bytes, offset, length);
    return (int) crc.getValue();
  }

  /** CRC32C of {@code length} bytes of a buffer, whatever its position. */
  public int of(final ByteBuffer buffer, final int offset, final int length) {
    if (buffer.hasArray()) {
      return of(buffer.array(), buffer.arrayOffset() + offset, length);
    }
    return of(buffer.slice(offset, length));
  }

  /** CRC32C of what remains in a buffer, which is left as it was. */
  public int of(final ByteBuffer buffer) {
    crc.reset();
    crc.update(buffer.duplicate());
    return (int) crc.getValue();
  }
}
