package io.blockcam.capture.disk;

import java.io.IOException;
import java.lang.foreign.MemorySegment;

/** The disk that is recorded, past the device. Any thread, several at once. */
public interface Backing extends BackingReader {

  /**
   * What was written to the disk before the call survives a power cut when this returns. May take
   * as long as it likes.
   *
   * @throws IOException also when something that was written since the last call is known to be
   *     lost, whoever was told that first
   */
  void sync() throws IOException;

  /**
   * A disk that nobody writes to.
   *
   * @param reader how it is read
   */
  static Backing unwritten(final BackingReader reader) {
    return new Backing() {
      @Override
      public void read(final MemorySegment data, final long offset) throws IOException {
        reader.read(data, offset);
      }

      @Override
      public void sync() {}
    };
  }
}
