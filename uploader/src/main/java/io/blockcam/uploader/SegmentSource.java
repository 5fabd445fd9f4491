package io.blockcam.uploader;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** Where sealed segments wait to be shipped, oldest first. Used by the uploader's thread. */
public interface SegmentSource {

  /**
   * The {@code recording.json} that the recording was begun with, byte for byte: what stands in the
   * archive. To print it anew would make every change of the printer another recording.
   */
  byte[] recordingJson() throws IOException;

  /**
   * The oldest segments that wait, in their order. Their files do not change any more.
   *
   * @param most not more than these
   */
  List<Path> oldestSealed(int most);

  /** The archive has this segment, the oldest one, whole: the source may remove it. */
  void published(Path segment) throws IOException;

  /** Returns when a segment waits, or when the time is over. */
  void awaitWork(Duration limit) throws InterruptedException;

  /** How many segments wait. Any thread. */
  int backlog();
}
