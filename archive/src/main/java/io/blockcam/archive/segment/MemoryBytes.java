package io.blockcam.archive.segment;

import java.io.EOFException;
import java.nio.ByteBuffer;

/**
 * Bytes in memory, read like a file.
 *
 * @param name what errors call them
 * @param bytes stay the caller's, and must not change
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record MemoryBytes(String name, byte[] bytes) implements RandomAccessBytes {

  @Override
  public long length() {
    return bytes.length;
  }

  @Override
  public void read(final long offset, final ByteBuffer into) throws EOFException {
    if (offset < 0 || offset + into.remaining() > bytes.length) {
      throw new EOFException(
          "%s has %d bytes, %d at %d were expected"
              .formatted(name, bytes.length, into.remaining(), offset));
    }
    into.put(bytes, (int) offset, into.remaining());
  }
}
