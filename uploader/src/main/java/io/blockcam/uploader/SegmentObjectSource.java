package io.blockcam.uploader;

import io.blockcam.archive.log.DigestedSegment;
import io.blockcam.store.ObjectSource;
import java.io.IOException;
import java.io.InputStream;

/**
 * A sealed segment as a store wants it.
 *
 * @param segment checks its bytes while they are read
 */
record SegmentObjectSource(DigestedSegment segment) implements ObjectSource {

  @Override
  public String describe() {
    return segment.path().toString();
  }

  @Override
  public long lengthBytes() {
    return segment.trailer().fileBytes();
  }

  @Override
  public InputStream open() throws IOException {
    return segment.newInputStream();
  }
}
