package io.blockcam.store;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;

/**
 * Bytes that are to become an object. They can be read any number of times, from the start each
 * time, and are the same every time.
 */
public interface ObjectSource {

  /** Returns what a message calls this source: a file name, never content. */
  String describe();

  /** Returns the number of bytes {@link #open} delivers. */
  long lengthBytes();

  /**
   * Opens the bytes from the start.
   *
   * @return a stream owned by the caller; it delivers {@link #lengthBytes} bytes
   * @throws IOException if the bytes cannot be read
   */
  InputStream open() throws IOException;

  /**
   * Returns the bytes of a file that no longer changes.
   *
   * @param file an existing regular file; its length is taken now
   * @throws IOException if the file cannot be looked at
   */
  static ObjectSource of(final Path file) throws IOException {
    return FileSource.of(file);
  }

  /**
   * Returns bytes held in memory.
   *
   * @param name what messages call them
   * @param content copied
   */
  static ObjectSource of(final String name, final byte[] content) {
    return new BytesSource(name, content);
  }
}
