package io.blockcam.simulator;

import io.blockcam.capture.disk.Backing;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.random.RandomGenerator;

/**
 * The guest's disk, sector by sector, with a volatile cache; and what is true of each sector: which
 * writes reached it in which order, and which of them must still be there.
 */
final class BackingDisk implements Backing {

  private static final int SECTOR_BYTES = 512;

  private final long[] now;
  private final long[] durable;
  private final List<List<GuestWrite>> order = new ArrayList<>();
  private BooleanSupplier readFails = () -> false;

  BackingDisk(final int sectors) {
    now = new long[sectors];
    durable = new long[sectors];
    for (int s = 0; s < sectors; s++) {
      order.add(new ArrayList<>());
    }
  }

  int sectors() {
    return now.length;
  }

  long at(final int sector) {
    return now[sector];
  }

  /** Whether the next read or sync that is not the guest's fails. */
  void failReads(final BooleanSupplier whether) {
    readFails = whether;
  }

  /** Fills memory as a read of the disk does. */
  @Override
  public void read(final MemorySegment data, final long offset) throws IOException {
    if (readFails.getAsBoolean()) {
      throw new IOException("Input/output error");
    }
    for (long at = 0; at < data.byteSize(); at += Long.BYTES) {
      data.set(Guest.LONG, at, now[(int) ((offset + at) / SECTOR_BYTES)]);
    }
  }

  /** What has reached a sector, in that order. */
  List<GuestWrite> order(final int sector) {
    return order.get(sector);
  }

  /** A write reaches a sector. */
  void apply(final GuestWrite write, final int sector) {
    now[sector] = write.stamp(sector);
    final List<GuestWrite> writes = order.get(sector);
    if (writes.isEmpty() || writes.getLast() != write) {
      writes.add(write);
    }
  }

  @Override
  public void sync() throws IOException {
    if (readFails.getAsBoolean()) {
      throw new IOException("Input/output error");
    }
    syncAll();
  }

  void syncAll() {
    System.arraycopy(now, 0, durable, 0, now.length);
  }

  void sync(final int from, final int to) {
    System.arraycopy(now, from, durable, from, to - from);
  }

  /** Each sector that was not synced is as before or as written. */
  void cutPower(final RandomGenerator random) {
    for (int s = 0; s < now.length; s++) {
      if (now[s] != durable[s]) {
        if (random.nextBoolean()) {
          durable[s] = now[s];
        } else {
          now[s] = durable[s];
        }
      }
      checkFlushed(s);
    }
  }

  /** What was flushed is there, or something later. */
  private void checkFlushed(final int sector) {
    final List<GuestWrite> writes = order.get(sector);
    for (int i = writes.size() - 1; i >= 0; i--) {
      final GuestWrite write = writes.get(i);
      if (write.stamp(sector) == now[sector]) {
        return;
      }
      if (write.flushed) {
        throw new AssertionError("flushed is durable: sector %d lost %s".formatted(sector, write));
      }
    }
  }
}
