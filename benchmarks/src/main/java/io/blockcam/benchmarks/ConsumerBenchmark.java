package io.blockcam.benchmarks;

import io.blockcam.archive.segment.SegmentLimits;
import io.blockcam.capture.RecordConsumer;
import io.blockcam.capture.ring.CaptureRing;
import io.blockcam.capture.ring.Slab;
import io.blockcam.capture.ring.WallClock;
import io.blockcam.capture.spool.SealRules;
import io.blockcam.capture.spool.Spool;
import io.blockcam.capture.spool.SpoolWriter;
import io.blockcam.ublk.tap.QueueTap;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * What a record costs the consumer from the ring into the spool's files on tmpfs: checksum, sector
 * hashes, SHA-256, search for an equal payload, and its share of the seal of a full segment.
 */
@State(Scope.Thread)
@SuppressWarnings("NullAway.Init") // JMH does that
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class ConsumerBenchmark {

  private static final int SLOTS = 1 << 12;
  private static final int RECORDS = 2048;
  private static final int BLOCK_SECTORS = 8;

  /**
   * What is written: blocks that all differ, or zeroes, where the payload costs next to nothing.
   */
  @Param({"different", "zero"})
  public String content;

  private final MemorySegment data = Arena.ofAuto().allocate(4096, 4096);
  private Path directory = Path.of("unset");
  private Slab slab;
  private Spool spool;
  private SpoolWriter writer;
  private QueueTap queue;
  private RecordConsumer consumer;
  private long written;

  /** Makes a ring and a spool. */
  @Setup
  public void open() throws IOException {
    directory = Workbench.directory();
    slab = Slab.create(directory.resolve("ring"), Workbench.slabHeader(SLOTS));
    final WallClock clock = new WallClock(WallClock.Source.system());
    final CaptureRing ring = new CaptureRing(slab, clock, Workbench.dirtyRegions(), BLOCK_SECTORS);
    queue = ring.openQueue(0, () -> {});
    spool = Spool.open(directory.resolve("spool"), Workbench.RECORDING, 1L << 40);
    writer =
        new SpoolWriter(
            spool,
            spool.beginEpoch(),
            SealRules.beside(SegmentLimits.DEFAULT, Duration.ofHours(1)),
            clock,
            doubt -> {});
    consumer = new RecordConsumer(ring, writer, doubt -> {}, 0, System::nanoTime);
  }

  /** Removes both. */
  @TearDown
  public void close() throws IOException {
    writer.close();
    spool.close();
    slab.close();
    Workbench.remove(directory);
  }

  /** Fills the ring, which is not measured. */
  @Setup(Level.Invocation)
  public void fill() throws IOException {
    for (int i = 0; i < RECORDS; i++) {
      written++;
      if (content.equals("different")) {
        data.set(ValueLayout.JAVA_LONG, 0, written);
      }
      queue.complete(
          queue.offerWrite(BLOCK_SECTORS * (written & 0xffff), BLOCK_SECTORS, data, 0, false), 0);
    }
    for (final Path segment : spool.sealed()) {
      spool.remove(segment, spool.shipped().digest());
    }
  }

  /** Empties the ring. */
  @Benchmark
  @OperationsPerInvocation(RECORDS)
  public long take() {
    while (consumer.doWork() > 0) {
      // again
    }
    return consumer.appendedSequence();
  }
}
