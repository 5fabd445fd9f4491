package io.blockcam.store;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;

/** Delivers a given number of bytes of another stream: less is an error, more is not read. */
public final class ExactInputStream extends FilterInputStream {
  private final String where;
  private final long length;
  private long remaining;

  /**
   * @param in owned by this stream
   * @param length bytes to deliver
   * @param where what a message calls the object
   */
  public ExactInputStream(final InputStream in, final long length, final String where) {
    super(in);
    this.length = length;
    this.remaining = length;
    this.where = where;
  }

  @Override
  public int read() throws IOException {
    final byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(final byte[] b, final int off, final int len) throws IOException {
    if (len == 0) {
      return 0;
    }
    if (remaining == 0) {
      return -1;
    }
    final int count = in.read(b, off, (int) Math.min(len, remaining));
    if (count < 0) {
      throw new StoreUnavailableException(
          where + " ended after " + (length - remaining) + " of " + length + " bytes wanted");
    }
    remaining -= count;
    return count;
  }

  @Override
  public long skip(final long n) throws IOException {
    long skipped = 0;
    final byte[] scratch = new byte[(int) Math.max(1, Math.min(n, 8192))];
    while (skipped < n) {
      final int count = read(scratch, 0, (int) Math.min(scratch.length, n - skipped));
      if (count < 0) {
        break;
      }
      skipped += count;
    }
    return skipped;
  }

  @Override
  public int available() throws IOException {
    return (int) Math.min(remaining, in.available());
  }

  @Override
  public boolean markSupported() {
    return false;
  }
}
