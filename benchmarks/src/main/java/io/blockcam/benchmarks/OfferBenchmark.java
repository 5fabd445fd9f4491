package io.blockcam.benchmarks;

import io.blockcam.capture.ring.CaptureRing;
import io.blockcam.capture.ring.Slab;
import io.blockcam.capture.ring.WallClock;
import io.blockcam.ublk.tap.QueueTap;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * What recording costs the queue's thread per write: clock, claim, copy, headers, outcome,
 * publication. Nobody waits, and room is made every 16 writes.
 */
@State(Scope.Thread)
@SuppressWarnings("NullAway.Init") // JMH does that
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class OfferBenchmark {

  private static final int SLOTS = 1 << 12;
  private static final int BLOCK_SECTORS = 8;

  /** Blocks of 4 KiB per write. */
  @Param({"1", "8", "32"})
  public int blocks;

  private final MemorySegment data = Arena.ofAuto().allocate(32 * 4096, 4096);
  private Path directory = Path.of("unset");
  private Slab slab;
  private CaptureRing ring;
  private QueueTap queue;
  private int writes;

  /** Makes a ring on tmpfs. */
  @Setup
  public void open() throws IOException {
    directory = Workbench.directory();
    slab = Slab.create(directory.resolve("ring"), Workbench.slabHeader(SLOTS));
    ring =
        new CaptureRing(
            slab,
            new WallClock(WallClock.Source.system()),
            Workbench.dirtyRegions(),
            blocks * BLOCK_SECTORS);
    queue = ring.openQueue(0, () -> {});
  }

  /** Removes it. */
  @TearDown
  public void close() throws IOException {
    slab.close();
    Workbench.remove(directory);
  }

  /** What the log of dirty regions costs a write, when its region is dirty. */
  @Benchmark
  public boolean region() {
    final long sector = (long) BLOCK_SECTORS * (writes++ & 0xffff);
    final boolean may = queue.mayChange(sector, blocks * BLOCK_SECTORS);
    queue.changed(sector, blocks * BLOCK_SECTORS);
    return may;
  }

  /** One write. */
  @Benchmark
  public long write() {
    final long sector = (long) BLOCK_SECTORS * (writes & 0xffff);
    final long ticket = queue.offerWrite(sector, blocks * BLOCK_SECTORS, data, 0, false);
    queue.complete(ticket, 0);
    if ((writes++ & 15) == 0) {
      ring.release(ring.claimed());
    }
    return ticket;
  }
}
