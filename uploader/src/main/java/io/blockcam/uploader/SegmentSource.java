package io.blockcam.uploader;

import io.blockcam.archive.hash.Sha256Digest;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * Where sealed segments wait to be shipped, oldest first, each in its log. Used by the uploader's
 * thread.
 */
public interface SegmentSource {

  /**
   * The {@code recording.json} that the recording was begun with, byte for byte: what stands in the
   * archive. To print it anew would make every change of the printer another recording.
   */
  byte[] recordingJson() throws IOException;

  /**
   * Logs of the oldest segments that wait, in their order. They do not change any more.
   *
   * @param most not more than these
   */
  List<Path> oldestSealed(int most);

  /** How many segments are {@link #published}: the number of the oldest that waits. */
  long shippedSegments();

  /** Digest of the last segment that is {@link #published}; of recording.json before the first. */
  Sha256Digest shippedDigest();

  /**
   * The archive has the oldest segment, whole: the source may remove it.
   *
   * @param segment its log
   * @param digest of the segment
   */
  void published(Path segment, Sha256Digest digest) throws IOException;

  /**
   * The oldest segment is damaged: the source makes it anew as far as it can, with gaps in place of
   * what is lost.
   *
   * @param segment its log
   * @return what is lost, in words
   * @throws IOException when it cannot, or not yet; the log stays as it is then
   */
  String repair(Path segment) throws IOException;

  /** Returns when a segment waits, or when the time is over. */
  void awaitWork(Duration limit) throws InterruptedException;

  /** How many segments wait. Any thread. */
  int backlog();
}
