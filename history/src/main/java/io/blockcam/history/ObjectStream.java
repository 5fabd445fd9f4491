package io.blockcam.history;

import io.blockcam.archive.segment.RandomAccessBytes;
import io.blockcam.store.ReadableStore;
import io.blockcam.store.StoreUnavailableException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A range of an object as a stream. What a stream that breaks off has not delivered is read as a
 * range of its own, with the store's patience; behind that begins another stream.
 */
final class ObjectStream implements RandomAccessBytes.Sequence {
  private static final Logger LOG = LoggerFactory.getLogger(ObjectStream.class);

  private final ReadableStore store;
  private final String path;
  private final long end;
  private long at;
  private @Nullable InputStream in;

  ObjectStream(final ReadableStore store, final String path, final long offset, final long length) {
    this.store = store;
    this.path = path;
    at = offset;
    end = offset + length;
  }

  @Override
  public void read(final ByteBuffer into) throws IOException {
    try {
      stream(into);
    } catch (final StoreUnavailableException e) {
      LOG.debug("goes on with a range of its own: {}", e.getMessage());
      letGo();
      final int wanted = into.remaining();
      store.read(path, at, into);
      at += wanted;
    }
  }

  private void stream(final ByteBuffer into) throws IOException {
    if (in == null) {
      in = store.open(path, at, end - at);
    }
    while (into.hasRemaining()) {
      final int count =
          in.read(into.array(), into.arrayOffset() + into.position(), into.remaining());
      if (count < 0) {
        throw new IllegalArgumentException(
            "%d bytes behind the end of the range at %d".formatted(into.remaining(), end));
      }
      into.position(into.position() + count);
      at += count;
    }
  }

  private void letGo() {
    try {
      close();
    } catch (final IOException e) {
      LOG.debug("of a stream that broke off: {}", e.toString());
    }
  }

  @Override
  public void close() throws IOException {
    final InputStream open = in;
    in = null;
    if (open != null) {
      open.close();
    }
  }
}
