package io.blockcam.simulator;

import io.blockcam.capture.disk.Backing;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.random.RandomGenerator;

/**
 * The guest's disk, sector by sector, with a volatile cache; and what is true of each sector: which
 * writes reached it in which order, and which of them must still be there.
 *
 * <p>A cache that cannot be written back may lose what it holds, and keeps it, clean, as if it had
 * been written: whoever reads the medium finds the old content, and later syncs succeed. Each open
 * file description is told once (errseq.h).
 */
final class BackingDisk implements Backing {

  private static final int SECTOR_BYTES = 512;

  /** The open file description of the recorder itself. */
  private static final int RECORDER = -1;

  private long[] now;
  private long[] durable;
  private final List<List<GuestWrite>> order = new ArrayList<>();

  /** Sectors whose content in the cache will never reach the medium. */
  private final BitSet lost;

  private boolean hasGrown;
  private boolean syncHasFailed;
  private int losses;
  private final Map<Integer, Integer> toldLosses = new HashMap<>();
  private BooleanSupplier readFails = () -> false;

  BackingDisk(final int sectors) {
    now = new long[sectors];
    durable = new long[sectors];
    lost = new BitSet(sectors);
    for (int s = 0; s < sectors; s++) {
      order.add(new ArrayList<>());
    }
  }

  int sectors() {
    return now.length;
  }

  /** Somebody makes it larger, while no server has it. */
  void growBy(final int sectors) {
    now = Arrays.copyOf(now, now.length + sectors);
    durable = Arrays.copyOf(durable, now.length);
    while (order.size() < now.length) {
      order.add(new ArrayList<>());
    }
    hasGrown = true;
  }

  boolean hasGrown() {
    return hasGrown;
  }

  long at(final int sector) {
    return now[sector];
  }

  /** Whether the next read or sync that is not the guest's fails. */
  void failReads(final BooleanSupplier whether) {
    readFails = whether;
  }

  /** Fills memory as a read of the disk past the cache does. */
  @Override
  public void read(final MemorySegment data, final long offset) throws IOException {
    if (readFails.getAsBoolean()) {
      throw new IOException("Input/output error");
    }
    final int first = (int) (offset / SECTOR_BYTES);
    forget(first, first + (int) (data.byteSize() / SECTOR_BYTES));
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
    lost.clear(sector);
    final List<GuestWrite> writes = order.get(sector);
    if (writes.isEmpty() || writes.getLast() != write) {
      writes.add(write);
    }
  }

  @Override
  public void sync() throws IOException {
    if (readFails.getAsBoolean()) {
      syncHasFailed = true;
      throw new IOException("Input/output error");
    }
    if (!syncAll(RECORDER)) {
      throw new IOException("Input/output error");
    }
  }

  /**
   * A sync of everything by one open file description.
   *
   * @return false when something was lost that this one was not told of yet
   */
  boolean syncAll(final int description) {
    sync(0, now.length);
    final Integer told = toldLosses.put(description, losses);
    final boolean well = losses == (told == null ? 0 : told);
    syncHasFailed |= !well;
    return well;
  }

  /** What is not lost in a range becomes durable. */
  void sync(final int from, final int to) {
    for (int s = from; s < to; s++) {
      if (!lost.get(s)) {
        durable[s] = now[s];
      }
    }
  }

  /**
   * Some of what the cache holds cannot be written back.
   *
   * @param told whether every open file description is told
   */
  void lose(final RandomGenerator random, final boolean told) {
    for (int s = 0; s < now.length; s++) {
      if (now[s] != durable[s] && random.nextBoolean()) {
        lost.set(s);
        final List<GuestWrite> writes = order.get(s);
        for (int i = writes.size() - 1; i >= 0 && writes.get(i).stamp(s) != durable[s]; i--) {
          writes.get(i).lost = true;
        }
      }
    }
    if (told) {
      losses++;
    }
    syncHasFailed = true;
  }

  /**
   * The server's descriptions are gone. An error that one of them was told and it could not note
   * down before counts as not told yet: two faults within a moment are more than anybody holds.
   */
  void serverDied() {
    toldLosses.clear();
    losses = lost.isEmpty() ? 0 : 1;
  }

  /** Something that was to be durable is not, and whoever asked is told. */
  void syncFailed() {
    syncHasFailed = true;
  }

  /** Whether any sync has failed so far. */
  boolean hasFailedToSync() {
    return syncHasFailed;
  }

  /** The cache is dropped, as it is when memory is short. */
  void forgetAll() {
    forget(0, now.length);
  }

  private void forget(final int from, final int to) {
    for (int s = lost.nextSetBit(from); s >= 0 && s < to; s = lost.nextSetBit(s + 1)) {
      now[s] = durable[s];
      lost.clear(s);
      checkFlushed(s);
    }
  }

  /** Each sector that was not synced is as before or as written. */
  void cutPower(final RandomGenerator random) {
    forgetAll();
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
        throw new AssertionError(
            "flushed is durable: sector %d lost %s; it was written by %s and is of write %d"
                .formatted(sector, write, writes, GuestWrite.idOf(now[sector])));
      }
    }
  }
}
