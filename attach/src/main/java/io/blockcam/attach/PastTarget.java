package io.blockcam.attach;

import io.blockcam.ublk.target.Geometry;
import io.blockcam.ublk.target.QueueContext;
import io.blockcam.ublk.target.Target;
import io.blockcam.ublk.target.TargetQueue;
import io.blockcam.ublk.target.Zeroing;
import java.io.IOException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A moment of a disk for a device to stand on. What was read lately is answered by the queue's
 * thread from memory; the rest is fetched by others, several requests at once.
 */
public final class PastTarget implements Target {
  private static final int[] NO_FILES = {};
  private static final int LOGICAL_BLOCK_BYTES = 512;
  private static final int PHYSICAL_BLOCK_BYTES = 4096;

  private final Geometry geometry;
  private final ChunkCache cache;
  private final Fetcher fetcher;
  private final @Nullable Scratch scratch;

  /**
   * @param bytes size of the disk
   * @param disk stays the caller's; must stay open until {@link #close} has returned
   * @param cacheBytes memory for what was read
   * @param patience how long a read waits for an archive that is away
   * @param scratch takes what is written, and is closed with this; null for a disk that can only be
   *     read
   */
  public PastTarget(
      final long bytes,
      final DiskReader disk,
      final long cacheBytes,
      final Duration patience,
      final @Nullable Scratch scratch) {
    this.geometry =
        new Geometry(
            bytes,
            LOGICAL_BLOCK_BYTES,
            PHYSICAL_BLOCK_BYTES,
            Zeroing.NONE,
            /* hasVolatileCache= */ false,
            /* readOnly= */ scratch == null);
    this.scratch = scratch;
    this.cache = new ChunkCache(cacheBytes);
    this.fetcher = new Fetcher(bytes, disk, cache, scratch, patience);
  }

  /**
   * Reads the beginning of the disk, which whoever opens the device wants first, and so does once
   * what else takes its time when it is done for the first time.
   */
  public void warmUp() {
    fetcher.warmUp();
  }

  @Override
  public Geometry geometry() {
    return geometry;
  }

  @Override
  public int[] files(final int queueId) {
    return NO_FILES;
  }

  @Override
  public TargetQueue openQueue(final QueueContext context) {
    return new PastTargetQueue(context, cache, fetcher, scratch);
  }

  @Override
  public String describe() {
    return scratch == null ? "a moment of a recording" : "a moment of a recording, with changes";
  }

  /**
   * Answers all requests that wait with EIO, and those that come. Before the device is stopped,
   * which would wait for them.
   */
  public void giveUp() {
    fetcher.close();
  }

  @Override
  public void close() throws IOException {
    fetcher.close();
    cache.close();
    if (scratch != null) {
      scratch.close();
    }
  }
}
