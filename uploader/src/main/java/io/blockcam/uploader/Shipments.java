package io.blockcam.uploader;

import io.blockcam.archive.hash.Sha256Digest;
import io.blockcam.archive.log.DigestedSegment;
import io.blockcam.store.StoreUnavailableException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The oldest segments, on their way into the archive side by side; they get their names one after
 * the other, in their order. Uploader's thread.
 */
final class Shipments implements AutoCloseable {
  /** How long the thread of a lane outlives its last segment. */
  private static final Duration THREAD_KEPT = Duration.ofSeconds(10);

  private final UUID recordingId;
  private final Deque<Lane> idle;
  private final int most;
  private final Executor executor;
  private final Runnable end;
  private final Deque<Shipment> underWay = new ArrayDeque<>();

  /**
   * @param recordingId whose segments they are
   * @param lanes as many segments are on their way at most
   * @param executor brings them, in this order; may do so in the calling thread
   */
  Shipments(final UUID recordingId, final List<Lane> lanes, final Executor executor) {
    this(recordingId, lanes, executor, () -> {});
  }

  private Shipments(
      final UUID recordingId, final List<Lane> lanes, final Executor executor, final Runnable end) {
    this.recordingId = recordingId;
    this.idle = new ArrayDeque<>(lanes);
    this.most = lanes.size();
    this.executor = executor;
    this.end = end;
  }

  /**
   * With threads of its own, to be closed.
   *
   * @param recordingId whose segments they are
   * @param threads so many segments are sent at a time; one is sent in the calling thread
   * @param factory makes them
   */
  static Shipments with(
      final UUID recordingId,
      final List<Lane> lanes,
      final int threads,
      final ThreadFactory factory) {
    if (threads == 1) {
      return new Shipments(recordingId, lanes, Runnable::run);
    }
    final AtomicInteger number = new AtomicInteger();
    final ThreadPoolExecutor pool =
        new ThreadPoolExecutor(
            threads,
            threads,
            THREAD_KEPT.toMillis(),
            TimeUnit.MILLISECONDS,
            new LinkedBlockingQueue<>(),
            work -> named(factory.newThread(work), number.getAndIncrement()));
    pool.allowCoreThreadTimeOut(true);
    return new Shipments(
        recordingId,
        lanes,
        pool,
        () -> {
          pool.shutdownNow();
          pool.close();
        });
  }

  private static Thread named(final Thread thread, final int number) {
    thread.setName("blockcam-upload-" + number);
    thread.setDaemon(true);
    return thread;
  }

  /** A segment in a lane. */
  private static final class Shipment {
    private final DigestedSegment segment;
    private final Lane lane;
    private FutureTask<Lane.Arrival> task;

    /** Whether it has to be brought again, if it was brought at all. */
    private boolean again;

    Shipment(final DigestedSegment segment, final Lane lane, final Executor executor) {
      this.segment = segment;
      this.lane = lane;
      this.task = begin(segment, lane, executor);
    }

    /** Fails, and has begun nothing, when there is no thread to be had. */
    private static FutureTask<Lane.Arrival> begin(
        final DigestedSegment segment, final Lane lane, final Executor executor) {
      final FutureTask<Lane.Arrival> begun = new FutureTask<>(() -> lane.bring(segment));
      executor.execute(begun);
      return begun;
    }

    boolean hasArrived() {
      return !again && task.state() == FutureTask.State.SUCCESS;
    }

    void retryIfFailed(final Executor executor) {
      if (again || task.state() == FutureTask.State.FAILED) {
        task = begin(segment, lane, executor);
        again = false;
      }
    }
  }

  /** How many may be on their way. */
  int most() {
    return most;
  }

  /**
   * Sends off what is not under way, and once more what has failed. The digests of a segment are
   * made here, since they need that of the one before.
   *
   * @param oldest logs of the oldest segments that wait, in their order; {@link #most} are enough
   * @param shipped digest of the segment before them
   * @throws IOException when the first of them is damaged; what is wrong with one behind it, is
   *     told when that is the first
   */
  void send(final List<Path> oldest, final Sha256Digest shipped) throws IOException {
    while (!underWay.isEmpty()
        && (oldest.isEmpty() || !underWay.getFirst().segment.path().equals(oldest.getFirst()))) {
      removeFirst(); // the spool has forgotten it, if not without trouble
    }
    for (final Shipment shipment : underWay) {
      shipment.retryIfFailed(executor);
    }
    final Iterator<Path> more = oldest.stream().skip(underWay.size()).iterator();
    while (more.hasNext() && !idle.isEmpty()) {
      final Sha256Digest previous =
          underWay.isEmpty() ? shipped : underWay.getLast().segment.trailer().digest();
      final DigestedSegment segment;
      try {
        segment = DigestedSegment.of(more.next(), recordingId, previous);
      } catch (final IOException e) {
        if (underWay.isEmpty()) {
          throw e;
        }
        return;
      }
      underWay.addLast(new Shipment(segment, idle.getFirst(), executor));
      idle.removeFirst();
    }
  }

  /**
   * Waits for the first of them, and gives it its name, and those behind it that are there already.
   * They stay the first until they are {@linkplain #removeFirst removed}, and are brought again
   * until then: that they are there is no harm.
   *
   * @return one at least, in their order
   * @throws IOException when the first has none; what is wrong with one behind it, it will be asked
   *     for when that is the first
   */
  List<Lane.Published> nameArrived() throws IOException {
    final List<Lane.Published> named = new ArrayList<>();
    named.add(name(underWay.getFirst()));
    final Iterator<Shipment> behind = underWay.stream().skip(1).iterator();
    while (behind.hasNext()) {
      final Shipment next = behind.next();
      if (!next.hasArrived()) {
        break;
      }
      try {
        named.add(name(next));
      } catch (final IOException e) {
        break;
      }
    }
    return named;
  }

  private static Lane.Published name(final Shipment shipment) throws IOException {
    final Lane.Arrival arrival = await(shipment);
    shipment.again = true;
    return shipment.lane.name(arrival);
  }

  /** The first of them is published, and its lane free for another one. */
  void removeFirst() {
    final Shipment first = underWay.getFirst();
    if (!first.task.isDone()) {
      throw new IllegalStateException(first.segment.path() + " is still being sent");
    }
    first.lane.forget();
    underWay.removeFirst();
    idle.addLast(first.lane);
  }

  /**
   * Takes back what is under way: a segment is another one now, and so are those behind it. Waits
   * for what is being sent.
   */
  void takeBack() {
    for (final Shipment shipment : underWay) {
      try {
        await(shipment);
      } catch (final IOException e) {
        // However it ends, it is sent again.
      }
    }
    while (!underWay.isEmpty()) {
      removeFirst();
    }
  }

  /** Ends what is under way, wherever it is. */
  @Override
  public void close() {
    end.run();
  }

  private static Lane.Arrival await(final Shipment shipment) throws IOException {
    try {
      return shipment.task.get();
    } catch (final InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new StoreUnavailableException(
          "interrupted while " + shipment.segment.path() + " was being sent", e);
    } catch (final ExecutionException e) {
      final Throwable cause = e.getCause();
      if (cause instanceof final IOException failure) {
        throw failure;
      }
      if (cause instanceof final Error failure) {
        throw failure;
      }
      throw cause instanceof final RuntimeException failure
          ? failure
          : new IllegalStateException(e);
    }
  }
}
