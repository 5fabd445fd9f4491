package io.blockcam.store;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.channels.ClosedByInterruptException;

/**
 * Reads a source and holds it to the length it told: what goes wrong here is the source's fault and
 * is told apart from faults of a store.
 */
final class SourceReader implements Closeable {
  private final ObjectSource source;
  private final InputStream in;
  private long remaining;

  private SourceReader(final ObjectSource source, final InputStream in) {
    this.source = source;
    this.in = in;
    this.remaining = source.lengthBytes();
  }

  static SourceReader open(final ObjectSource source) throws StoreException {
    try {
      return new SourceReader(source, source.open());
    } catch (final IOException e) {
      throw failure(source, e);
    }
  }

  /**
   * Fills a buffer as far as the source reaches.
   *
   * @return bytes read, as many as fit; -1 at the end
   */
  int read(final byte[] buffer) throws StoreException {
    if (remaining == 0) {
      return -1;
    }
    try {
      final int count = in.readNBytes(buffer, 0, (int) Math.min(remaining, buffer.length));
      remaining -= count;
      if (count == 0) {
        throw new ObjectSourceException(
            source.describe() + " is " + remaining + " bytes shorter than it was");
      }
      return count;
    } catch (final IOException e) {
      throw failure(source, e);
    }
  }

  @Override
  public void close() throws StoreException {
    try {
      in.close();
    } catch (final IOException e) {
      throw failure(source, e);
    }
  }

  private static StoreException failure(final ObjectSource source, final IOException e) {
    if (e instanceof StoreException already) {
      return already;
    }
    if (e instanceof ClosedByInterruptException || e instanceof InterruptedIOException) {
      return new StoreUnavailableException("interrupted while reading " + source.describe(), e);
    }
    return new ObjectSourceException(
        "cannot read " + source.describe() + ": " + Failures.reason(e), e);
  }
}
