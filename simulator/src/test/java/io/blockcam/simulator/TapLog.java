package io.blockcam.simulator;

import io.blockcam.ublk.tap.QueueTap;
import io.blockcam.ublk.tap.QueueWaker;
import io.blockcam.ublk.tap.RangeLock;
import io.blockcam.ublk.tap.WriteTap;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** Remembers what each queue offered last: a kill may come in the middle of that. */
final class TapLog implements WriteTap {

  private final WriteTap tap;
  private final List<Queue> queues = new ArrayList<>();
  private Missed missed = (queue, startSector, sectors) -> {};

  /** Takes note of a write that is done and not recorded. */
  interface Missed {
    void add(int queue, long startSector, long sectors);
  }

  TapLog(final WriteTap tap) {
    this.tap = tap;
  }

  /** Says who takes note of writes that are not recorded. */
  void onMissed(final Missed listener) {
    missed = listener;
  }

  /**
   * The ticket of the last write that a queue offered.
   *
   * @return {@link QueueTap#FULL} when the last offer was none, or not taken
   */
  long lastWrite(final int q) {
    return queues.get(q).lastWrite;
  }

  /** First sector of that write. */
  long lastSector(final int q) {
    return queues.get(q).lastSector;
  }

  @Override
  public void openDisk(final RangeLock lock) {
    tap.openDisk(lock);
  }

  @Override
  public QueueTap openQueue(final int queueId, final QueueWaker waker) {
    final Queue queue = new Queue(queueId, tap.openQueue(queueId, waker));
    queues.add(queue);
    return queue;
  }

  private final class Queue implements QueueTap {
    private final int queueId;
    private final QueueTap tap;
    private long lastWrite = FULL;
    private long lastSector;

    Queue(final int queueId, final QueueTap tap) {
      this.queueId = queueId;
      this.tap = tap;
    }

    @Override
    public boolean hasRoom(final long startSector, final long sectors, final boolean payload) {
      return tap.hasRoom(startSector, sectors, payload);
    }

    @Override
    public boolean mayChange(final long startSector, final long sectors) {
      return tap.mayChange(startSector, sectors);
    }

    @Override
    public void changed(final long startSector, final long sectors) {
      tap.changed(startSector, sectors);
    }

    @Override
    public long offerWrite(
        final long startSector,
        final int sectors,
        final MemorySegment data,
        final long dataOffset,
        final boolean fua) {
      lastSector = startSector;
      final long ticket = tap.offerWrite(startSector, sectors, data, dataOffset, fua);
      lastWrite = ticket == UNRECORDED ? FULL : ticket;
      return noted(ticket, startSector, sectors);
    }

    @Override
    public long offerZeroes(
        final long startSector, final long sectors, final boolean discard, final boolean fua) {
      lastWrite = FULL;
      return noted(tap.offerZeroes(startSector, sectors, discard, fua), startSector, sectors);
    }

    private long noted(final long ticket, final long startSector, final long sectors) {
      if (ticket == UNRECORDED) {
        missed.add(queueId, startSector, sectors);
      }
      return ticket;
    }

    @Override
    public long newest() {
      return tap.newest();
    }

    @Override
    public long offerFlush() {
      lastWrite = FULL;
      return tap.offerFlush();
    }

    @Override
    public void complete(final long ticket, final int result) {
      tap.complete(ticket, result);
    }

    @Override
    public void flushFailed() {
      tap.flushFailed();
    }

    @Override
    public void requestDurable(final long ticket) {
      tap.requestDurable(ticket);
    }

    @Override
    public boolean isSafe(final long ticket) {
      return tap.isSafe(ticket);
    }

    @Override
    public void requestRoom() {
      tap.requestRoom();
    }
  }
}
