package io.blockcam.uploader;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/** Where sealed segments wait to be shipped, oldest first. Used by the uploader's thread. */
public interface SegmentSource {

  /**
   * The {@code recording.json} that the recording was begun with, byte for byte: what stands in the
   * archive. To print it anew would make every change of the printer another recording.
   */
  byte[] recordingJson() throws IOException;

  /** The oldest segment that waits. Its file does not change any more. */
  Optional<Path> oldestSealed();

  /** The archive has this segment, whole: the source may remove it. */
  void published(Path segment) throws IOException;

  /** Returns when a segment waits, or when the time is over. */
  void awaitWork(Duration limit) throws InterruptedException;

  /** How many segments wait. Any thread. */
  int backlog();
}
