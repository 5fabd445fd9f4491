package io.blockcam.cli;

import io.blockcam.capture.disk.DiskFingerprinter;
import io.blockcam.capture.spool.DiskFingerprint;
import io.blockcam.capture.spool.Spool;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps in the spool what the disk looks like: at the start, every minute for the start after a
 * crash, and at the end. It reads the disk on a thread of its own, so that a disk that does not
 * answer holds up no stop. Control thread.
 */
final class DiskMemory {

  private static final Logger LOG = LoggerFactory.getLogger(DiskMemory.class);

  /** How long a stop waits for the disk. */
  static final Duration END_LIMIT = Duration.ofSeconds(5);

  private static final Duration EVERY = Duration.ofMinutes(1);

  private final DiskFingerprinter fingerprinter;
  private final Supplier<long[]> written;
  private final Spool spool;
  private final ScheduledExecutorService reader =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().name("disk-memory").daemon().factory());

  private volatile boolean abandoned;

  /** Of the reader's thread. */
  private @Nullable DiskFingerprint last;

  /**
   * @param fingerprinter of the disk
   * @param written some of the blocks that this run has written; called on a thread of its own
   * @param spool stays the caller's
   * @param before what was remembered before, or null
   */
  DiskMemory(
      final DiskFingerprinter fingerprinter,
      final Supplier<long[]> written,
      final Spool spool,
      final @Nullable DiskFingerprint before) {
    this.fingerprinter = fingerprinter;
    this.written = written;
    this.spool = spool;
    this.last = before;
  }

  /** Remembers what the disk looks like now, and from now on every minute. */
  void begin() throws IOException {
    remember(/* clean= */ false);
    reader.scheduleWithFixedDelay(
        this::rememberOrWarn, EVERY.toSeconds(), EVERY.toSeconds(), TimeUnit.SECONDS);
  }

  /**
   * Remembers it for the last time, or does without if the disk does not answer in time: then the
   * next start takes it for one after a crash.
   *
   * @param clean whether nothing writes to the disk any more, and it is synced; if not, nothing is
   *     read
   * @param limit how long to wait for the disk
   */
  void end(final boolean clean, final Duration limit) throws IOException, InterruptedException {
    final Future<?> end =
        reader.submit(
            () -> {
              if (clean) {
                remember(/* clean= */ true);
              }
              return null;
            });
    reader.shutdown(); // what is scheduled for later is dropped, what was submitted is done
    try {
      end.get(limit.toNanos(), TimeUnit.NANOSECONDS);
    } catch (final TimeoutException e) {
      abandoned = true;
      LOG.warn(
          "the disk could not be read within {} s; what it looks like is not noted down",
          limit.toSeconds());
    } catch (final ExecutionException e) {
      throw e.getCause() instanceof final IOException cause ? cause : new IOException(e.getCause());
    }
  }

  /**
   * Notes down nothing more; what it looked like a minute ago has to do, as after a kill.
   *
   * @throws IOException when the disk does not answer in time
   */
  void leave(final Duration limit) throws IOException, InterruptedException {
    abandoned = true;
    reader.shutdownNow();
    if (!reader.awaitTermination(limit.toNanos(), TimeUnit.NANOSECONDS)) {
      throw new IOException("the disk can not be read within %d s".formatted(limit.toSeconds()));
    }
  }

  private void rememberOrWarn() {
    try {
      remember(/* clean= */ false);
    } catch (final IOException | RuntimeException | Error e) { // one that throws is not run again
      LOG.warn("what the disk looks like could not be noted down: {}", Messages.of(e));
    }
  }

  private void remember(final boolean clean) throws IOException {
    last = fingerprinter.take(written.get(), last, clean);
    if (!abandoned) {
      spool.remember(last);
    }
  }
}
