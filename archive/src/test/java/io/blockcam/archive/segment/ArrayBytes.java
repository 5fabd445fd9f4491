package io.blockcam.archive.segment;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Bytes in memory, which may claim another length than they have. */
record ArrayBytes(byte[] bytes, long length) implements RandomAccessBytes {
  @Override
  public void read(final long offset, final ByteBuffer into) throws IOException {
    if (offset < 0 || offset + into.remaining() > bytes.length) {
      throw new EOFException();
    }
    into.put(bytes, (int) offset, into.remaining());
  }

  @Override
  public String name() {
    return "test.seg";
  }
}
