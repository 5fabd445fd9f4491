package io.blockcam.ublk.queue;

import io.blockcam.ublk.tap.QueueTap;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A tap whose ring has as much room, and whose spool is as durable, as the test says. */
final class FakeTap implements QueueTap {

  final List<String> events = new ArrayList<>();
  boolean recordEvents = true;
  boolean hasRoom = true;
  boolean mayChange = true;

  /** Whether offers are answered by {@link QueueTap#UNRECORDED}. */
  boolean unrecorded;

  /** Changes that were allowed and not ended. */
  int changing;

  boolean throwsOnHasRoom;
  boolean throwsOnOffer;
  @Nullable Error failWith;
  long durable = -1;
  private long next;

  @Override
  public boolean hasRoom(final long startSector, final long sectors, final boolean payload) {
    if (failWith != null) {
      throw failWith;
    }
    if (throwsOnHasRoom) {
      throw new IllegalStateException("a bug of the tap");
    }
    return hasRoom;
  }

  @Override
  public long offerWrite(
      final long startSector,
      final int sectors,
      final MemorySegment data,
      final long dataOffset,
      final boolean fua) {
    if (throwsOnOffer) {
      throw new IllegalStateException("a bug of the tap");
    }
    return offer("write", startSector, sectors);
  }

  @Override
  public long offerZeroes(
      final long startSector, final long sectors, final boolean discard, final boolean fua) {
    return offer(discard ? "discard" : "zeroes", startSector, sectors);
  }

  @Override
  public boolean mayChange(final long startSector, final long sectors) {
    if (mayChange) {
      changing++;
    }
    return mayChange;
  }

  @Override
  public void changed(final long startSector, final long sectors) {
    changing--;
  }

  @Override
  public long newest() {
    return next - 1;
  }

  @Override
  public long offerFlush() {
    return offer("flush", 0, 0);
  }

  private long offer(final String what, final long startSector, final long sectors) {
    if (!hasRoom) {
      return FULL;
    }
    if (unrecorded) {
      return UNRECORDED;
    }
    if (recordEvents) {
      events.add(what + " " + startSector + "+" + sectors + " #" + next);
    }
    return next++;
  }

  @Override
  public void complete(final long ticket, final int result) {
    if (recordEvents) {
      events.add("complete #" + ticket + " " + result);
    }
  }

  @Override
  public void flushFailed() {
    events.add("flush failed");
  }

  @Override
  public void requestDurable(final long ticket) {
    if (recordEvents) {
      events.add("want durable #" + ticket);
    }
  }

  @Override
  public boolean isSafe(final long ticket) {
    return unrecorded || durable >= ticket;
  }

  @Override
  public void requestRoom() {
    if (recordEvents) {
      events.add("want room");
    }
  }
}
