package io.blockcam.uploader;

import io.blockcam.archive.segment.SegmentTrailer;
import io.blockcam.store.StoreUnavailableException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.FutureTask;

/**
 * The oldest segments, on their way into the archive side by side; they get their names one after
 * the other, in their order. Uploader's thread.
 */
final class Shipments {
  private final Deque<Lane> idle;
  private final int most;
  private final Executor executor;
  private final Deque<Shipment> underWay = new ArrayDeque<>();

  /**
   * @param lanes as many segments are on their way at most
   * @param executor brings one; may do so in the calling thread
   */
  Shipments(final List<Lane> lanes, final Executor executor) {
    this.idle = new ArrayDeque<>(lanes);
    this.most = lanes.size();
    this.executor = executor;
  }

  /** A segment in a lane. */
  private static final class Shipment {
    private final Path segment;
    private final Lane lane;
    private FutureTask<Lane.Arrival> task;

    /** Whether it has to be brought again, if it was brought at all. */
    private boolean again;

    Shipment(final Path segment, final Lane lane, final Executor executor) {
      this.segment = segment;
      this.lane = lane;
      this.task = begin(segment, lane, executor);
    }

    /** Fails, and has begun nothing, when there is no thread to be had. */
    private static FutureTask<Lane.Arrival> begin(
        final Path segment, final Lane lane, final Executor executor) {
      final FutureTask<Lane.Arrival> begun = new FutureTask<>(() -> lane.bring(segment));
      executor.execute(begun);
      return begun;
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
   * Sends off what is not under way, and once more what has failed.
   *
   * @param oldest the oldest segments that wait, in their order; {@link #most} of them are enough
   */
  void send(final List<Path> oldest) throws IOException {
    while (!underWay.isEmpty()
        && (oldest.isEmpty() || !underWay.getFirst().segment.equals(oldest.getFirst()))) {
      removeFirst(); // the spool has forgotten it, if not without trouble
    }
    for (final Shipment shipment : underWay) {
      shipment.retryIfFailed(executor);
    }
    final Iterator<Path> more = oldest.stream().skip(underWay.size()).iterator();
    while (more.hasNext() && !idle.isEmpty()) {
      underWay.addLast(new Shipment(more.next(), idle.getFirst(), executor));
      idle.removeFirst();
    }
  }

  /**
   * Waits for the first of them, and gives it its name. It stays the first until it is {@linkplain
   * #removeFirst removed}, and is brought again until then: that it is there is no harm.
   *
   * @return the trailer of what was sent
   */
  Lane.Arrival nameFirst() throws IOException {
    final Shipment first = underWay.getFirst();
    final Lane.Arrival arrival = await(first);
    first.again = true;
    final SegmentTrailer trailer = first.lane.name(arrival);
    return new Lane.Arrival(arrival.segment(), trailer, null);
  }

  /** The first of them is published, and its lane free for another one. */
  void removeFirst() throws IOException {
    final Shipment first = underWay.getFirst();
    if (!first.task.isDone()) {
      throw new IllegalStateException(first.segment + " is still being sent");
    }
    first.lane.forget();
    underWay.removeFirst();
    idle.addLast(first.lane);
  }

  private static Lane.Arrival await(final Shipment shipment) throws IOException {
    try {
      return shipment.task.get();
    } catch (final InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new StoreUnavailableException(
          "interrupted while " + shipment.segment + " was being sent", e);
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
