package io.blockcam.capture.support;

import io.blockcam.archive.Baseline;
import io.blockcam.archive.Recording;
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
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.locks.LockSupport;

/**
 * A process that records until it is killed. Two queues write; what each acknowledged is noted in a
 * shared mapping right after, one byte a write, which outlives the process as the ring does.
 */
public final class KillVictim {
  /** Queues that write. */
  public static final int QUEUES = 2;

  /** Writes of a queue at most. */
  public static final int MAX_WRITES = 1 << 20;

  /** What is recorded. */
  public static final Recording DISK =
      new Recording(new UUID(9, 9), "victim", 1 << 30, Instant.EPOCH, "host", "", Baseline.EMPTY);

  private static final int WINDOW = 4;
  private static final long WARM_RECORDS = 4000;
  private static final long SPOOL_LIMIT = 256L << 20;

  private KillVictim() {}

  /** A disk that has not one of the writes. */
  public static void readZeroes(final MemorySegment data, final long offset) {
    data.fill((byte) 0);
  }

  /** Arguments: directory of the spool, file of the ring, file of the acknowledgements, a seed. */
  public static void main(final String[] args) throws IOException {
    final MemorySegment acknowledged = map(Path.of(args[2]));
    final Spool spool = Spool.open(Path.of(args[0]), DISK, SPOOL_LIMIT);
    final Capture capture =
        Capture.start(spool, options(Path.of(args[1])), Backing.unwritten(KillVictim::readZeroes));
    for (int q = 0; q < QUEUES; q++) {
      final int id = q;
      final long seed = Long.parseLong(args[3]) * QUEUES + q;
      final Thread[] self = new Thread[1];
      final QueueTap queue = capture.tap().openQueue(q, () -> LockSupport.unpark(self[0]));
      self[0] = new Thread(() -> write(queue, id, seed, acknowledged));
      self[0].start();
    }
    final long warm = spool.state().nextSequence() + WARM_RECORDS;
    while (capture.status().appendedSequence() < warm) { // it runs compiled then
      LockSupport.parkNanos(1_000_000);
    }
    System.out.println("recording");
    System.out.flush();
  }

  /** The options of every run. */
  public static CaptureOptions options(final Path ringFile) {
    return new CaptureOptions(
        ringFile,
        512,
        256,
        SealRules.beside(new SegmentLimits(8 << 20, 10_000), Duration.ofSeconds(10)),
        OnFull.BLOCK,
        CaptureOptions.DEFAULT_REGION_BYTES);
  }

  /** The acknowledgements. */
  public static MemorySegment map(final Path file) throws IOException {
    try (FileChannel channel =
        FileChannel.open(
            file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      return channel.map(
          FileChannel.MapMode.READ_WRITE, 0, (long) QUEUES * MAX_WRITES, Arena.ofAuto());
    }
  }

  /** How many blocks a write has. */
  public static int blocks(final int write) {
    return 1 + write * 7 % 32;
  }

  /** What stands at the beginning of each block. */
  public static long stamp(final int queue, final int write, final int block) {
    return (long) queue << 56 | (long) write << 8 | block;
  }

  private static void write(
      final QueueTap queue, final int id, final long seed, final MemorySegment acknowledged) {
    final Random random = new Random(seed);
    final MemorySegment data = Arena.ofAuto().allocate(32 * 4096, 4096);
    final long[] tickets = new long[WINDOW];
    final int[] writes = new int[WINDOW];
    int inFlight = 0;
    for (int write = 0; write < MAX_WRITES; write++) {
      final int blocks = blocks(write);
      for (int i = 0; i < blocks; i++) {
        data.set(ValueLayout.JAVA_LONG, i * 4096L, stamp(id, write, i));
        data.set(ValueLayout.JAVA_LONG, i * 4096L + 4088, stamp(id, write, i));
      }
      long ticket;
      while (true) {
        ticket = queue.offerWrite(id * 4096L + write % 64, blocks * 8, data, 0, false);
        if (ticket != QueueTap.FULL) {
          break;
        }
        if (inFlight > 0) {
          acknowledge(queue, tickets, writes, --inFlight, id, acknowledged);
        } else {
          queue.requestRoom();
          LockSupport.parkNanos(10_000_000);
        }
      }
      tickets[inFlight] = ticket;
      writes[inFlight++] = write;
      while (inFlight == WINDOW || (inFlight > 0 && random.nextBoolean())) {
        final int chosen = random.nextInt(inFlight--);
        acknowledge(queue, tickets, writes, chosen, id, acknowledged);
        tickets[chosen] = tickets[inFlight];
        writes[chosen] = writes[inFlight];
      }
      LockSupport.parkNanos(random.nextInt(50_000));
    }
  }

  private static void acknowledge(
      final QueueTap queue,
      final long[] tickets,
      final int[] writes,
      final int chosen,
      final int id,
      final MemorySegment acknowledged) {
    queue.complete(tickets[chosen], 0);
    acknowledged.set(ValueLayout.JAVA_BYTE, (long) id * MAX_WRITES + writes[chosen], (byte) 1);
  }
}
