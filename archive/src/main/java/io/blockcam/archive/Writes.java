package io.blockcam.archive;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/** Writes to a file that are whole when they return: pwrite(2) may take less than it was given. */
public final class Writes {

  private Writes() {}

  /**
   * Writes all that remains.
   *
   * @param bytes from its position to its limit; unless that fails, nothing remains
   * @param offset in the file of the first of them
   */
  public static void all(final FileChannel file, final ByteBuffer bytes, final long offset)
      throws IOException {
    long at = offset;
    while (bytes.hasRemaining()) {
      at += file.write(bytes, at);
    }
  }
}
