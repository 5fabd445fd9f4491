package io.blockcam.history;

import io.blockcam.archive.index.IndexException;
import io.blockcam.archive.segment.RandomAccessBytes;
import io.blockcam.store.ObjectNotFoundException;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * The bytes of a run of the index. It may be removed while somebody reads it, once larger ones
 * cover what it covers: it is of no use then, as if it were damaged.
 */
record RunBytes(ObjectBytes bytes) implements RandomAccessBytes {

  @Override
  public long length() {
    return bytes.length();
  }

  @Override
  public String name() {
    return bytes.name();
  }

  @Override
  public void read(final long offset, final ByteBuffer into) throws IOException {
    try {
      bytes.read(offset, into);
    } catch (final ObjectNotFoundException e) {
      throw new IndexException(name(), "is gone");
    }
  }
}
