package io.blockcam.attach;

import java.io.IOException;
import java.nio.ByteBuffer;

/** A disk that is read wherever somebody wants to. Safe for several threads. */
@FunctionalInterface
public interface DiskReader {

  /**
   * Fills a buffer.
   *
   * @param offset of the first byte, a multiple of 512
   * @param into receives all that it has room for, within the disk
   */
  void read(long offset, ByteBuffer into) throws IOException;
}
