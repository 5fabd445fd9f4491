package io.blockcam.history;

import io.blockcam.archive.segment.RandomAccessBytes;
import io.blockcam.store.ObjectStatus;
import io.blockcam.store.ReadableStore;
import java.io.IOException;
import java.nio.ByteBuffer;

/** An object of a store as its readers want it. */
public record ObjectBytes(ReadableStore store, ObjectStatus status) implements RandomAccessBytes {

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
    return new ObjectStream(store, status.path(), offset, length);
  }

  @Override
  public String name() {
    return store.describe() + "/" + status.path();
  }
}
