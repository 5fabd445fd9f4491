package io.blockcam.archive.segment;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Bytes of known length that can be read anywhere: a local file or an object of a store. Safe for
 * reads from several threads at once.
 */
public interface RandomAccessBytes {
  /** Bytes there are; does not change. */
  long length();

  /**
   * Fills the remaining room of a buffer.
   *
   * @param offset first byte to read
   * @throws java.io.EOFException when the bytes end before the buffer is full
   */
  void read(long offset, ByteBuffer into) throws IOException;

  /** What to call them in an error: a path or a URI without secrets. */
  String name();
}
