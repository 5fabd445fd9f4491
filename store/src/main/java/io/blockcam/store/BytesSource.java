package io.blockcam.store;

import java.io.ByteArrayInputStream;
import java.io.InputStream;

/** Bytes held in memory. */
final class BytesSource implements ObjectSource {
  private final String name;
  private final byte[] content;

  BytesSource(final String name, final byte[] content) {
    this.name = name;
    this.content = content.clone();
  }

  @Override
  public String describe() {
    return name;
  }

  @Override
  public long lengthBytes() {
    return content.length;
  }

  @Override
  public InputStream open() {
    return new ByteArrayInputStream(content);
  }
}
