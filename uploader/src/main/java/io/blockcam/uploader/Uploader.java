package io.blockcam.uploader;

import io.blockcam.archive.OnceAMinute;
import io.blockcam.archive.Recording;
import io.blockcam.archive.segment.SegmentException;
import io.blockcam.archive.segment.SegmentTrailer;
import io.blockcam.history.SegmentPlaces;
import io.blockcam.store.ObjectConflictException;
import io.blockcam.store.ObjectSource;
import io.blockcam.store.ObjectStatus;
import io.blockcam.store.ObjectStore;
import io.blockcam.store.Publisher;
import io.blockcam.store.StoreException;
import io.blockcam.store.StoreRefusedException;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ships sealed segments, in their order, for as long as it takes. Several may be on their way at a
 * time, see {@link Sending}; they are published one after the other, each with all before it.
 *
 * <p>Every attempt may be repeated: a segment that is in the archive already, whole, counts as
 * shipped, whoever put it there and however the attempt before ended. So each is published exactly
 * once, also after a crash between the rename and the removal from the spool.
 */
public final class Uploader implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(Uploader.class);

  private static final Duration IDLE_WAIT = Duration.ofSeconds(1);

  /** While somebody waits for the spool to become empty, a retry does not wait longer. */
  private static final Duration DRAIN_PAUSE = Duration.ofMillis(250);

  private static final Duration LAST_RESORT_PAUSE = Duration.ofSeconds(1);

  private final ObjectStore store;
  private final Recording recording;
  private final SegmentSource source;
  private final Pace pace;
  private final Publisher publisher;
  private final SegmentPlaces places;
  private final HeadKeeper heads;
  private final Path workDirectory;
  private final Shipments shipments;
  private final Thread thread;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  // Guarded by lock.
  private final OnceAMinute telling = new OnceAMinute();
  private UploaderStatus.State state = UploaderStatus.State.STARTING;
  private long publishedSegments;
  private long publishedBytes;
  private int failures;
  private @Nullable Instant failingSince;
  private boolean failureTold;
  private String lastError = "";
  private String headError = "";

  /** Whether the newest head failed for a reason that time mends. */
  private boolean headWillCome;

  private boolean draining;
  private boolean closed;

  // The uploader's thread only.
  private boolean recordingIsThere;

  private boolean swept;

  /** The segment that was made anew last. */
  private @Nullable Path repaired;

  /**
   * With threads as any other.
   *
   * @param store where to ship to; stays the caller's
   * @param recording whose segments they are
   * @param source where they wait
   * @param how they are sent
   * @param pace when to try again
   */
  public Uploader(
      final ObjectStore store,
      final Recording recording,
      final SegmentSource source,
      final Sending how,
      final Pace pace) {
    this(store, recording, source, how, pace, Thread::new);
  }

  /**
   * The same.
   *
   * @param threads makes those that do all of the work
   */
  public Uploader(
      final ObjectStore store,
      final Recording recording,
      final SegmentSource source,
      final Sending how,
      final Pace pace,
      final ThreadFactory threads) {
    this.store = store;
    this.recording = recording;
    this.source = source;
    this.pace = pace;
    this.publisher = new Publisher(store, temporaryDirectory());
    this.places = new SegmentPlaces(store, recording);
    this.heads = new HeadKeeper(store, recording, places, source, temporaryDirectory());
    this.workDirectory = how.workDirectory();
    this.shipments = Shipments.with(recording.id(), lanes(how), how.uploads(), threads);
    this.thread = threads.newThread(this::run);
    thread.setName("blockcam-uploader");
  }

  private List<Lane> lanes(final Sending how) {
    final SendRate rate = new SendRate();
    final List<Lane> lanes = new ArrayList<>();
    for (int i = 0; i < how.lanes(); i++) {
      final Path encoded = how.workDirectory().resolve("encoded-" + i);
      lanes.add(
          new Lane(
              store,
              recording,
              places,
              temporaryDirectory(),
              new SegmentEncoding(how.compress(), rate, encoded),
              rate));
    }
    return lanes;
  }

  /** Starts the thread. */
  public void start() {
    thread.start();
  }

  /** What it is doing. Any thread. */
  public UploaderStatus status() {
    final int backlog = source.backlog();
    lock.lock();
    try {
      return new UploaderStatus(
          state,
          publishedSegments,
          publishedBytes,
          backlog,
          failures,
          Optional.ofNullable(failingSince),
          lastError,
          headError);
    } finally {
      lock.unlock();
    }
  }

  /**
   * Waits until more segments are published than somebody knows of. Any thread.
   *
   * @return how many were published since the start
   */
  public long awaitPublished(final long known) throws InterruptedException {
    lock.lockInterruptibly();
    try {
      while (publishedSegments <= known) {
        changed.await();
      }
      return publishedSegments;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Waits until everything sealed is published, and its head, unless the store refuses that or the
   * segments before must first be counted anew.
   *
   * @return false when the time was over first; what is left stays in the spool
   */
  public boolean drain(final Duration limit) throws InterruptedException {
    final long deadlineNs = System.nanoTime() + limit.toNanos();
    lock.lock();
    try {
      draining = true;
      changed.signalAll();
      long leftNs = limit.toNanos();
      while (!closed && leftNs > 0 && !isShipped()) {
        // Not every change of the backlog is signalled.
        changed.awaitNanos(Math.min(leftNs, DRAIN_PAUSE.toNanos()));
        leftNs = deadlineNs - System.nanoTime();
      }
      return isShipped();
    } finally {
      draining = false;
      lock.unlock();
    }
  }

  /** Holds the lock. A segment counts as waiting until it is published. */
  private boolean isShipped() {
    return state == UploaderStatus.State.IDLE && source.backlog() == 0 && !headWillCome;
  }

  /** Ends the thread, whatever it is doing. What is not published stays in the spool. */
  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      state = UploaderStatus.State.CLOSED;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    thread.interrupt();
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (final InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void run() {
    try {
      workUntilClosed();
    } finally {
      shipments.close();
    }
  }

  private void workUntilClosed() {
    while (!isClosed()) {
      try {
        if (!doWork()) {
          source.awaitWork(IDLE_WAIT);
        }
      } catch (final InterruptedException e) {
        // Closed, or somebody's mistake: the loop looks which.
      } catch (final Throwable e) {
        // Also an Error: a thread that died silently would fill the spool.
        try {
          onFailure(e);
          pause();
        } catch (final InterruptedException closing) {
          // see above
        } catch (final Throwable again) {
          // Not even telling works (no memory, a broken source). Going on is all that is left, and
          // without a pause it would be a busy loop.
          LockSupport.parkNanos(LAST_RESORT_PAUSE.toNanos());
        }
      }
    }
  }

  /**
   * Ships the oldest segment, if there is one, and those behind it that are there as soon; brings
   * the next ones on their way.
   *
   * @return whether there was one, or there is more to do
   * @throws IOException when it could not be shipped; it stays where it is
   */
  boolean doWork() throws IOException {
    ensureRecording();
    final List<Path> oldest = source.oldestSealed(shipments.most());
    if (!oldest.isEmpty()) {
      enter(UploaderStatus.State.SHIPPING);
    }
    final List<Lane.Published> named;
    try {
      shipments.send(oldest, source.shippedDigest());
      if (oldest.isEmpty()) {
        onSuccess(UploaderStatus.State.IDLE, 0);
        return keepHead(List.of());
      }
      named = shipments.nameArrived();
    } catch (final IOException e) {
      final SegmentException damage = cause(SegmentException.class, e);
      if (damage == null) {
        throw e;
      }
      repair(oldest.getFirst(), damage);
      return true;
    }
    for (final Lane.Published each : named) {
      source.published(each.segment().path(), each.segment().trailer().digest());
      shipments.removeFirst();
      onSuccess(UploaderStatus.State.SHIPPING, each.segment().trailer().fileBytes());
    }
    if (!named.isEmpty()) {
      keepHead(named);
    }
    return true;
  }

  /**
   * The oldest segment is damaged in the spool. What is behind it must not wait for ever.
   *
   * @throws IOException when it cannot be mended now
   */
  private void repair(final Path segment, final SegmentException damage) throws IOException {
    shipments.takeBack();
    if (segment.equals(repaired)) {
      repaired = null; // it was damaged again: not before the next attempt
      throw damage;
    }
    final Optional<SegmentTrailer> there = heads.archived(source.shippedSegments());
    if (there.isPresent() && there.get().previousDigest().equals(source.shippedDigest())) {
      LOG.warn("{} is damaged, but in the archive already: {}", segment, damage.getMessage());
      source.published(segment, there.get().digest());
      onSuccess(UploaderStatus.State.SHIPPING, there.get().fileBytes());
      return;
    }
    final String lost = source.repair(segment);
    repaired = segment;
    LOG.error("{}; made anew: {}", damage.getMessage(), lost);
  }

  /**
   * Behind the removal from the spool: a head must not be in the way of that.
   *
   * @param named what has just been published; none to go on with a head that is due
   * @return whether there is more to do for it at once
   */
  private boolean keepHead(final List<Lane.Published> named) {
    try {
      final boolean more = named.isEmpty() ? heads.catchUp() : heads.follow(named);
      onHead(heads.isBroken() ? "the segments are not whole" : "", more);
      return more;
    } catch (final IOException e) {
      final boolean first = onHead(wordsFor(e), !needsSomebody(e));
      if (first) {
        LOG.warn(
            "segments are shipped, but get no head, which makes readers slow; will go on trying: {}",
            wordsFor(e));
      }
      return false;
    }
  }

  private boolean onHead(final String error, final boolean willCome) {
    lock.lock();
    try {
      final boolean first = headError.isEmpty();
      headError = error;
      headWillCome = willCome;
      changed.signalAll();
      return first;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Publishes {@code recording.json} before the first segment. The same bytes under that name are
   * ours; other bytes are another recording, and nothing of it is touched.
   */
  private void ensureRecording() throws IOException {
    if (recordingIsThere) {
      return;
    }
    publisher.publish(
        ObjectSource.of(Recording.FILE_NAME, source.recordingJson()),
        recording.paths().recordingJson());
    if (!swept) {
      sweep();
      swept = true; // from now on what stands there may be on its way
    }
    recordingIsThere = true;
  }

  /**
   * What an earlier run left under temporary names is of no use to anybody. Only names that a
   * publisher gives are touched, and what cannot be removed holds nothing up.
   */
  private void sweep() throws StoreException {
    sweepEncoded();
    for (final ObjectStatus leftover : store.list(temporaryDirectory())) {
      if (!leftover.isDirectory() && Publisher.isTemporaryName(leftover.name())) {
        LOG.info("removing unfinished upload {}", leftover.path());
        try {
          store.delete(leftover.path());
        } catch (final StoreRefusedException e) {
          LOG.warn("an unfinished upload stays: {}", wordsFor(e));
        }
      }
    }
  }

  private void sweepEncoded() {
    if (!Files.isDirectory(workDirectory)) {
      return;
    }
    try (DirectoryStream<Path> files = Files.newDirectoryStream(workDirectory, "encoded*")) {
      for (final Path file : files) {
        Files.delete(file);
      }
    } catch (final IOException | DirectoryIteratorException e) {
      LOG.warn("what an earlier run has encoded stays in {}: {}", workDirectory, e.toString());
    }
  }

  private String temporaryDirectory() {
    return recording.paths().temporary(recording.id());
  }

  private void onSuccess(final UploaderStatus.State newState, final long bytes) {
    lock.lock();
    try {
      if (failureTold) {
        LOG.info("{} answers again, after {} failed attempts", store.describe(), failures);
        failureTold = false;
      }
      failures = 0;
      failingSince = null;
      lastError = "";
      if (bytes > 0) {
        publishedSegments++;
        publishedBytes += bytes;
      }
      enter(newState);
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Notes a failed attempt down, and tells of it now and then. */
  void onFailure(final Throwable e) {
    // Whoever emptied or replaced the archive meanwhile gets a recording.json again.
    recordingIsThere = false;
    heads.forget();
    places.forget();
    final String omitted;
    lock.lock();
    try {
      if (closed) {
        return;
      }
      failures++;
      lastError = wordsFor(e);
      if (failingSince == null) {
        failingSince = pace.clock().instant();
      }
      enter(needsSomebody(e) ? UploaderStatus.State.BLOCKED : UploaderStatus.State.RETRYING);
      changed.signalAll();
      if (!telling.isDue(System.nanoTime())) {
        return;
      }
      failureTold = true;
      omitted = telling.andOmitted();
    } finally {
      lock.unlock();
    }
    LOG.warn(
        "not shipped, will go on trying; {} segments wait in the spool: {}{}",
        source.backlog(),
        wordsFor(e),
        omitted);
    if (!(e instanceof IOException)) {
      LOG.error("unexpected", e);
    }
  }

  /** Our own exceptions speak for themselves; of others the kind is needed too. */
  private static String wordsFor(final Throwable e) {
    final String message = e.getMessage();
    return message != null && (e instanceof StoreException || e instanceof SegmentException)
        ? message
        : e.toString();
  }

  /**
   * Whether time alone will not help: other bytes under our names, a quota or a permission, or
   * damage in the spool.
   */
  private static boolean needsSomebody(final Throwable e) {
    return cause(ObjectConflictException.class, e) != null
        || cause(StoreRefusedException.class, e) != null
        || cause(SegmentException.class, e) != null;
  }

  private static <T extends Throwable> @Nullable T cause(final Class<T> kind, final Throwable e) {
    for (Throwable cause = e; cause != null; cause = cause.getCause()) {
      if (kind.isInstance(cause)) {
        return kind.cast(cause);
      }
    }
    return null;
  }

  /** Waits before the next attempt, unless closed or drained meanwhile. */
  private void pause() throws InterruptedException {
    lock.lockInterruptibly();
    try {
      long leftNs = pace.backoff().after(Math.max(1, failures), pace.random()).toNanos();
      while (!closed && leftNs > 0) {
        if (draining) {
          leftNs = Math.min(leftNs, DRAIN_PAUSE.toNanos());
        }
        leftNs = changed.awaitNanos(leftNs);
      }
    } finally {
      lock.unlock();
    }
  }

  private void enter(final UploaderStatus.State newState) {
    lock.lock();
    try {
      if (!closed) {
        state = newState;
      }
    } finally {
      lock.unlock();
    }
  }

  private boolean isClosed() {
    lock.lock();
    try {
      return closed;
    } finally {
      lock.unlock();
    }
  }
}
