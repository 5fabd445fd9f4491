package io.blockcam.benchmarks;

import io.blockcam.archive.segment.SegmentLimits;
import io.blockcam.capture.Capture;
import io.blockcam.capture.CaptureOptions;
import io.blockcam.capture.OnFull;
import io.blockcam.capture.disk.Backing;
import io.blockcam.capture.spool.SealRules;
import io.blockcam.capture.spool.Spool;
import io.blockcam.ublk.tap.QueueTap;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * How long a guest waits for a flush of the record, with the spool on the disk that the current
 * directory lies on: after one block; after half a segment; and after a whole one, so that it meets
 * the seal.
 */
@State(Scope.Thread)
@SuppressWarnings("NullAway.Init") // JMH does that
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Measurement(iterations = 5, time = 4)
public class FlushBenchmark {

  /** 117 MiB of payloads: the limit in bytes is not met. */
  private static final int SEGMENT_RECORDS = 30_000;

  /** Of them the invocation itself makes two: a block and the flush. */
  private static final int RECORDS_OF_FLUSH = 2;

  private static final int SLOTS = 1 << 14;
  private static final int WRITE_BLOCKS = 32;
  private static final int BLOCK_BYTES = 4096;
  private static final int BLOCK_SECTORS = 8;

  /** How much was written since the flush before. */
  @Param({"block", "half", "segment"})
  public String written;

  /** Who seals: another thread, or the one that the flush waits for. */
  @Param({"beside", "in turn"})
  public String sealed;

  private final MemorySegment data = Arena.ofAuto().allocate(WRITE_BLOCKS * BLOCK_BYTES, 4096);
  private Path directory;
  private Path ring;
  private Spool spool;
  private Capture capture;
  private QueueTap queue;
  private volatile Thread guest = Thread.currentThread();
  private long blocks;

  /** Begins to record. */
  @Setup
  public void open() throws IOException {
    directory = Files.createTempDirectory(Path.of("").toAbsolutePath(), ".flush-benchmark");
    ring = Workbench.directory();
    spool = Spool.open(directory.resolve("spool"), Workbench.RECORDING, 1L << 40);
    capture =
        Capture.start(
            spool,
            new CaptureOptions(
                ring.resolve("ring"),
                SLOTS,
                WRITE_BLOCKS * BLOCK_SECTORS,
                rules(),
                OnFull.BLOCK,
                CaptureOptions.DEFAULT_REGION_BYTES),
            Backing.unwritten((memory, offset) -> memory.fill((byte) 0)));
    queue = capture.tap().openQueue(0, () -> LockSupport.unpark(guest));
    write(RECORDS_OF_FLUSH); // so that the block of a flush is the first of the next segment
  }

  private SealRules rules() {
    final SegmentLimits limits =
        new SegmentLimits(SegmentLimits.DEFAULT.maxBytes(), SEGMENT_RECORDS);
    return sealed.equals("beside")
        ? SealRules.beside(limits, Duration.ofHours(1))
        : SealRules.inTurn(limits, Duration.ofHours(1));
  }

  /** Removes it all. */
  @TearDown
  public void close() throws IOException {
    capture.stop(Duration.ofSeconds(60));
    spool.close();
    Workbench.remove(directory);
    Workbench.remove(ring);
  }

  /** Writes, which is not measured, and waits until the consumer has it. */
  @Setup(Level.Invocation)
  public void fill() throws IOException {
    guest = Thread.currentThread();
    for (final Path segment : spool.sealed()) {
      spool.remove(segment, spool.shipped().digest());
    }
    int left =
        switch (written) {
          case "block" -> 0;
          case "half" -> SEGMENT_RECORDS / 2 - RECORDS_OF_FLUSH - 1;
          default -> SEGMENT_RECORDS - RECORDS_OF_FLUSH;
        };
    long last = -1;
    while (left > 0) {
      final int count = Math.min(left, WRITE_BLOCKS);
      last = write(count);
      left -= count;
    }
    while (capture.status().appendedSequence() < last) {
      LockSupport.parkNanos(100_000);
    }
  }

  private long write(final int count) {
    for (int i = 0; i < count; i++) {
      data.set(ValueLayout.JAVA_LONG, (long) i * BLOCK_BYTES, ++blocks);
    }
    long ticket;
    do {
      ticket = queue.offerWrite(0, count * BLOCK_SECTORS, data, 0, false);
      if (ticket == QueueTap.FULL) {
        LockSupport.parkNanos(100_000);
      }
    } while (ticket == QueueTap.FULL);
    queue.complete(ticket, 0);
    return ticket;
  }

  /** One more block, and the flush. */
  @Benchmark
  public long flush() {
    final long ticket = write(1);
    queue.requestDurable(ticket);
    while (!queue.isSafe(ticket)) {
      LockSupport.park();
    }
    return queue.offerFlush();
  }
}
