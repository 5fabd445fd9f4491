package io.blockcam.archive.segment;

import io.blockcam.archive.hash.Sha256Digest;
import java.nio.file.Path;

/**
 * A finished segment file.
 *
 * @param path where it lies
 * @param trailer what it holds
 */
public record SealedSegment(Path path, SegmentTrailer trailer) {
  /** Bytes of the file. */
  public long bytes() {
    return trailer.fileBytes();
  }

  /** Place in the recording. */
  public long segmentNumber() {
    return trailer.segmentNumber();
  }

  /** What the next segment names as its predecessor. */
  public Sha256Digest digest() {
    return trailer.digest();
  }
}
