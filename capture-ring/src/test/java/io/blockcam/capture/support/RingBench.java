package io.blockcam.capture.support;

import io.blockcam.capture.RecordConsumer;
import io.blockcam.capture.ring.CaptureRing;
import io.blockcam.capture.ring.Slab;
import io.blockcam.capture.ring.SlabHeader;
import io.blockcam.capture.ring.WallClock;
import io.blockcam.ublk.tap.QueueTap;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** A ring on the workbench: one queue, a collecting sink, a consumer driven by hand. */
public final class RingBench implements AutoCloseable {
  /** First sequence of the epoch: not 0, so that mixing up the two counts shows. */
  public static final long BASE = 1000;

  /** Size of the disk. */
  public static final long DISK_BYTES = 1L << 30;

  /** Recording of the slab. */
  public static final UUID RECORDING = new UUID(0x1234, 0x5678);

  /** Boot of the slab. */
  public static final UUID BOOT = new UUID(0xb007, 1);

  public final ManualClock clock = new ManualClock();
  public final Slab slab;
  public final CaptureRing ring;
  public final CollectingSink sink = new CollectingSink();
  public final RecordConsumer consumer;
  public final AtomicInteger wakes = new AtomicInteger();
  public final QueueTap queue;

  public RingBench(final Path file, final int slots, final int maxWriteSectors) throws IOException {
    slab = Slab.create(file, header(slots));
    ring =
        new CaptureRing(slab, new WallClock(clock), Regions.allDirty(DISK_BYTES), maxWriteSectors);
    consumer = new RecordConsumer(ring, sink, sink, 0, clock::monotonicNs);
    queue = ring.openQueue(0, wakes::incrementAndGet);
  }

  public static SlabHeader header(final int slots) {
    return new SlabHeader(RECORDING, 7, BASE, slots, DISK_BYTES, BOOT, 42);
  }

  /** A segment of memory with these bytes, at an offset of 512 to catch forgotten offsets. */
  public static MemorySegment data(final byte[] bytes) {
    final MemorySegment memory = Arena.ofAuto().allocate(512 + bytes.length, 4096);
    MemorySegment.copy(MemorySegment.ofArray(bytes), 0, memory, 512, bytes.length);
    return memory;
  }

  public long offer(final long startSector, final byte[] bytes) {
    return queue.offerWrite(startSector, bytes.length / 512, data(bytes), 512, false);
  }

  /** Offers and completes at once. */
  public long write(final long startSector, final byte[] bytes) {
    final long ticket = offer(startSector, bytes);
    if (ticket != QueueTap.FULL) {
      queue.complete(ticket, bytes.length);
    }
    return ticket;
  }

  /** Runs the consumer until there is nothing to do. */
  public void drain() {
    while (consumer.doWork() > 0) {
      // again
    }
  }

  @Override
  public void close() throws IOException {
    slab.close();
  }

  /** Clocks that move when told to. */
  public static final class ManualClock implements WallClock.Source {
    private final AtomicLong nowNs = new AtomicLong(5_000_000_000L);
    private final AtomicLong offsetNs = new AtomicLong(1_700_000_000_000_000_000L);

    @Override
    public long monotonicNs() {
      return nowNs.get();
    }

    @Override
    public long realtimeNs() {
      return nowNs.get() + offsetNs.get();
    }

    public void advance(final long ns) {
      nowNs.addAndGet(ns);
    }

    public void step(final long ns) {
      offsetNs.addAndGet(ns);
    }
  }
}
