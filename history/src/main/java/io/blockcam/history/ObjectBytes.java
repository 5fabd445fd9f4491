package io.blockcam.history;

import io.blockcam.archive.segment.RandomAccessBytes;
import io.blockcam.store.ObjectStatus;
import io.blockcam.store.ObjectStore;
import io.blockcam.store.StoreUnavailableException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** An object of a store as the segment reader wants it. */
public record ObjectBytes(ObjectStore store, ObjectStatus status) implements RandomAccessBytes {
  private static final Logger LOG = LoggerFactory.getLogger(ObjectBytes.class);

  @Override
  public long length() {
    return status.lengthBytes();
  }

  @Override
  public void read(final long offset, final ByteBuffer into) throws IOException {
    store.read(status.path(), offset, into);
  }

  @Override
  public Sequence sequence(final long offset, final long length) {
    return new Stream(offset, length);
  }

  @Override
  public String name() {
    return store.describe() + "/" + status.path();
  }

  /**
   * A range as a stream. What a stream that breaks off has not delivered is read as a range of its
   * own, with the store's patience; behind that begins another stream.
   */
  private final class Stream implements Sequence {
    private final long end;
    private long at;
    private @Nullable InputStream in;

    Stream(final long offset, final long length) {
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
        ObjectBytes.this.read(at, into);
        at += wanted;
      }
    }

    private void stream(final ByteBuffer into) throws IOException {
      if (in == null) {
        in = store.open(status.path(), at, end - at);
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
}
