package io.blockcam.capture.disk;

import java.io.IOException;
import java.lang.foreign.MemorySegment;

/** Reads the disk that is recorded, past the device. Any thread, several at once. */
@FunctionalInterface
public interface BackingReader {

  /**
   * Fills memory with what the disk holds.
   *
   * @param data native memory
   * @param offset first byte on the disk; all that is asked for lies within the disk
   */
  void read(MemorySegment data, long offset) throws IOException;
}
