package io.blockcam.cli;

import io.blockcam.archive.hash.Sha256Digest;
import io.blockcam.capture.spool.Spool;
import io.blockcam.uploader.SegmentSource;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** The spool as the uploader wants it; the two modules do not know each other. */
public record SpoolSource(Spool spool) implements SegmentSource {

  @Override
  public byte[] recordingJson() throws IOException {
    return spool.recordingJson();
  }

  @Override
  public List<Path> oldestSealed(final int most) {
    return spool.oldestSealed(most);
  }

  @Override
  public long shippedSegments() {
    return spool.shipped().segments();
  }

  @Override
  public Sha256Digest shippedDigest() {
    return spool.shipped().digest();
  }

  @Override
  public void published(final Path segment, final Sha256Digest digest) throws IOException {
    spool.remove(segment, digest);
  }

  @Override
  public String repair(final Path segment) throws IOException {
    return spool.repair(segment);
  }

  @Override
  public void awaitWork(final Duration limit) throws InterruptedException {
    spool.awaitSealed(limit);
  }

  @Override
  public int backlog() {
    return spool.backlog();
  }
}
