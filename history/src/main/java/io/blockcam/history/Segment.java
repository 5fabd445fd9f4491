package io.blockcam.history;

import io.blockcam.archive.segment.SegmentReader;
import io.blockcam.archive.segment.SegmentTrailer;

/**
 * A segment of an open recording, its trailer checked.
 *
 * @param reader reads its tables and payloads
 */
public record Segment(SegmentReader reader) {

  public Segment withoutTail() {
    return new Segment(reader.withoutTail());
  }

  public SegmentTrailer trailer() {
    return reader.trailer();
  }
}
