package io.blockcam.archive.segment;

import java.io.Closeable;
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

  /**
   * Reads a range from its start to its end: one request, where requests cost something.
   *
   * @param offset first byte of it
   * @param length bytes of it, within {@link #length}
   * @return the caller's own, to be closed; for one thread
   */
  default Sequence sequence(final long offset, final long length) throws IOException {
    return new Sequence() {
      private long at = offset;

      @Override
      public void read(final ByteBuffer into) throws IOException {
        final int wanted = into.remaining();
        RandomAccessBytes.this.read(at, into);
        at += wanted;
      }

      @Override
      public void close() {}
    };
  }

  /** Bytes one after the other. */
  interface Sequence extends Closeable {

    /**
     * Fills the remaining room of a buffer with those that come next.
     *
     * @param into backed by an array, with no more room than there are bytes left of the range
     */
    void read(ByteBuffer into) throws IOException;
  }

  /** What to call them in an error: a path or a URI without secrets. */
  String name();
}
