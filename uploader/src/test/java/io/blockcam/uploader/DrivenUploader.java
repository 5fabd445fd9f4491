package io.blockcam.uploader;

import io.blockcam.archive.Recording;
import io.blockcam.store.ObjectStore;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.random.RandomGenerator;

/** The real uploader without its thread: whoever holds it does its work, one step at a time. */
public final class DrivenUploader {

  private final Uploader uploader;
  private final InstantSource clock;
  private final RandomGenerator random;
  private Instant next = Instant.MIN;
  private int failures;

  public DrivenUploader(
      final ObjectStore store,
      final Recording recording,
      final SegmentSource source,
      final InstantSource clock,
      final RandomGenerator random) {
    this.uploader =
        new Uploader(
            store,
            recording,
            source,
            Sending.plain(Path.of("/nonexistent")),
            new Pace(Backoff.DEFAULT, clock, random));
    this.clock = clock;
    this.random = random;
  }

  /**
   * Ships one segment, unless it is not yet time to try again.
   *
   * @return whether it did
   */
  public boolean doWork() {
    if (clock.instant().isBefore(next)) {
      return false;
    }
    try {
      final boolean shipped = uploader.doWork();
      failures = 0;
      return shipped;
    } catch (final IOException e) {
      failures++;
      next = clock.instant().plus(Backoff.DEFAULT.after(failures, random));
      uploader.onFailure(e);
      return false;
    }
  }

  /** What it is doing. */
  public UploaderStatus status() {
    return uploader.status();
  }
}
