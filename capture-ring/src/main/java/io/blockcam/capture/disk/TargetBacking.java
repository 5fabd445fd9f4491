package io.blockcam.capture.disk;

import io.blockcam.ublk.target.FileTarget;
import java.io.IOException;
import java.lang.foreign.MemorySegment;

/**
 * What the recorder may do with the disk that is served. Any thread, several at once.
 *
 * @param target stays the caller's
 */
public record TargetBacking(FileTarget target) implements Backing {

  @Override
  public void read(final MemorySegment data, final long offset) throws IOException {
    target.read(data, offset);
  }

  @Override
  public void sync() throws IOException {
    target.syncData();
  }
}
