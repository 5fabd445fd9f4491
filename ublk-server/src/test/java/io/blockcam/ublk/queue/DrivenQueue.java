package io.blockcam.ublk.queue;

import io.blockcam.ublk.tap.WriteTap;
import io.blockcam.ublk.target.Geometry;
import io.blockcam.ublk.target.QueueContext;
import io.blockcam.ublk.target.Target;
import io.blockcam.ublk.target.TargetQueue;
import io.blockcam.ublk.target.Targets;
import io.blockcam.ublk.target.Zeroing;
import io.blockcam.uring.IoUring;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The real loop of one queue over a fake kernel and the real target of a file, without a thread:
 * whoever holds it moves it on, one duty cycle at a time.
 */
public final class DrivenQueue {

  /** As the smallest disks have them: a zone of a claim is less than what is claimed. */
  private static final long DISK_BYTES = 1L << 40;

  private final FakeKernel kernel;
  private final QueueLoop loop;
  private final InFlightBlocks blocks;
  private boolean running;

  private DrivenQueue(
      final int queueId,
      final int depth,
      final int bufferBytes,
      final InFlightBlocks blocks,
      final @Nullable WriteTap tap,
      final Target target)
      throws IOException {
    kernel = new FakeKernel(depth);
    this.blocks = blocks;
    final EventFd wakeUp = new EventFd(kernel);
    blocks.onFreed(queueId, wakeUp::wake);
    loop =
        new QueueLoop(
            new QueueMemory(
                queueId,
                depth,
                bufferBytes,
                kernel.descriptors(),
                Arena.ofAuto().allocate((long) depth * bufferBytes, 4096)),
            IoUring.builder().entries(depth * 2).build(kernel),
            blocks,
            tap == null ? null : tap.openQueue(queueId, wakeUp),
            wakeUp,
            target);
    loop.fetchAll();
  }

  /**
   * The queues of one device.
   *
   * @param direct whether its disk bypasses the page cache
   * @param otherThreads called in the middle of a duty cycle, where another queue's thread could
   *     come in between; it may run that queue, see {@link #canRun}
   */
  public static List<DrivenQueue> ofDevice(
      final int queues,
      final int depth,
      final int bufferBytes,
      final WriteTap tap,
      final boolean direct,
      final Runnable otherThreads)
      throws IOException {
    final InFlightBlocks blocks = new InFlightBlocks(queues, depth, DISK_BYTES, otherThreads);
    tap.openDisk(blocks.rangeLock());
    final Target target = new FileLikeTarget(direct);
    final List<DrivenQueue> all = new ArrayList<>();
    for (int q = 0; q < queues; q++) {
      all.add(new DrivenQueue(q, depth, bufferBytes, blocks, tap, target));
    }
    return all;
  }

  /** The only queue of a device that nobody records. */
  public static DrivenQueue untapped(final int depth, final int bufferBytes) throws IOException {
    return new DrivenQueue(
        0,
        depth,
        bufferBytes,
        new InFlightBlocks(1, depth, DISK_BYTES),
        null,
        new FileLikeTarget(true));
  }

  /** Its guest and its disk. */
  public FakeKernel kernel() {
    return kernel;
  }

  /** Whether its thread would be awake, and is not in the middle of a cycle. */
  public boolean canRun() {
    return !running && kernel.hasCompletions();
  }

  /** One duty cycle, and what its thread does next: it submits and goes to sleep. */
  public void run() throws IOException {
    running = true;
    try {
      loop.doWork();
      loop.ring().submit();
    } finally {
      running = false;
    }
  }

  /** Whether the device is still there. */
  public boolean isLive() {
    return loop.isLive();
  }

  /**
   * What its thread does last when the device outlives the server.
   *
   * @return whether nothing of it is on its way to the disk any more
   */
  public boolean leave() throws IOException {
    return loop.leave(0);
  }

  /** Whether no queue of the device, nor its tap, has a range, or announces that it wants one. */
  public boolean isDeviceFree() {
    return blocks.isFree();
  }

  /** What a request waits for, in one line. */
  public String describe(final int tag) {
    return loop.describe(tag);
  }

  /** The real file target's queue over the fake kernel's file. */
  static final class FileLikeTarget implements Target {
    private final boolean direct;
    private final AtomicInteger syncFailures = new AtomicInteger();

    FileLikeTarget(final boolean direct) {
      this.direct = direct;
    }

    @Override
    public Geometry geometry() {
      return new Geometry(DISK_BYTES, 512, 4096, Zeroing.PUNCHED, true, false);
    }

    @Override
    public int[] files(final int queueId) {
      return new int[] {3, 4 + queueId};
    }

    @Override
    public TargetQueue openQueue(final QueueContext context) {
      return Targets.fileQueue(context, direct, syncFailures);
    }

    @Override
    public String describe() {
      return "fake";
    }

    @Override
    public void close() {}
  }

  /** Memory that a test's kernel and disk share. */
  public static MemorySegment memory(final long address, final long bytes) {
    return MemorySegment.ofAddress(address).reinterpret(bytes);
  }
}
