package io.blockcam.ublk.queue;

import io.blockcam.nativebindings.Errno;
import io.blockcam.nativebindings.ErrnoException;
import io.blockcam.nativebindings.Posix;
import io.blockcam.nativebindings.uapi.Linux;
import io.blockcam.nativebindings.uapi.ublksrv_io_desc;
import io.blockcam.ublk.control.DeviceInfo;
import io.blockcam.ublk.tap.QueueTap;
import io.blockcam.ublk.tap.WriteTap;
import io.blockcam.uring.IoUring;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Owns the thread, the ring and the memory of one queue.
 *
 * <p>Made, started and closed by the control thread. The ring is created by the queue's own thread,
 * which {@code IORING_SETUP_SINGLE_ISSUER} asks for and which makes it the daemon of its tags. It
 * is a platform thread: a virtual one would change its task under the driver's eyes.
 */
public final class QueueThread implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(QueueThread.class);

  private static final long PAGE_BYTES = 4096;

  /** How long a queue that fails waits for what its target has in its hands. */
  private static final long ABORT_LIMIT_NS = 5_000_000_000L;

  /** The same when the device outlives it: what it does not wait for, the next process does. */
  private static final long LEAVE_LIMIT_NS = 5_000_000_000L;

  private final ServedDevice served;
  private final DeviceInfo device;
  private final int queueId;
  private final InFlightBlocks blocks;
  private final Consumer<Throwable> onFailure;
  private final byte[] affinity;
  private final Supplier<Posix> posix;
  private final Posix controlPosix;
  private final EventFd wakeUp;
  private final @Nullable QueueTap tap;
  private final MemorySegment descriptors;
  private final MemorySegment buffers;
  private final CompletableFuture<Void> fetched = new CompletableFuture<>();
  private final Thread thread;
  private volatile @Nullable PendingRequests requests;
  private volatile boolean leaving;
  private volatile boolean targetBusy;

  /** Of the thread: whether it has ended without an answer for what the driver has given it. */
  private boolean left;

  /**
   * Maps the queue's descriptors and buffers.
   *
   * @param posix gives each thread its own
   * @param blocks shared by all queues of the device
   * @param affinity CPUs this queue serves, as a cpu_set_t
   * @param onFailure called by the queue's thread when it ends for any reason but the device's stop
   */
  QueueThread(
      final Supplier<Posix> posix,
      final ServedDevice served,
      final int queueId,
      final InFlightBlocks blocks,
      final byte[] affinity,
      final Consumer<Throwable> onFailure)
      throws IOException {
    this.posix = posix;
    this.controlPosix = posix.get();
    this.served = served;
    this.device = served.info();
    this.queueId = queueId;
    this.blocks = blocks;
    this.affinity = affinity.clone();
    this.onFailure = onFailure;
    this.wakeUp = new EventFd(controlPosix);
    this.descriptors = mapDescriptors(controlPosix);
    this.buffers = mapBuffers(controlPosix);
    blocks.onFreed(queueId, wakeUp::wake);
    final @Nullable WriteTap writes = served.tap();
    this.tap = writes == null ? null : writes.openQueue(queueId, wakeUp);
    this.thread =
        Thread.ofPlatform()
            .name("ublk" + device.id() + "-q" + queueId)
            .daemon(false)
            .unstarted(this::run);
  }

  /** Starts the thread; done when it has handed all its tags to the kernel, or failed to. */
  CompletableFuture<Void> start() {
    thread.start();
    return fetched;
  }

  /** What the queue is doing; null until it has {@linkplain #start started}. */
  @Nullable PendingRequests requests() {
    return requests;
  }

  private void run() {
    final Posix own = posix.get(); // with a place of its own for errno
    pin(own);
    final IoUring ring;
    try {
      ring =
          IoUring.builder()
              .entries(Integer.highestOneBit(device.depth() * 2 - 1) * 2)
              .cqEntries(Integer.highestOneBit(device.depth() * 4 - 1) * 2)
              .singleIssuer(true)
              .build(own);
    } catch (final Throwable e) {
      fetched.completeExceptionally(e);
      return;
    }
    try (ring) {
      serve(ring);
    } catch (final Throwable e) {
      if (!tellFailure(e)) {
        LOG.error("queue {} of /dev/ublkb{} failed", queueId, device.id(), e);
      }
    }
  }

  /**
   * May be called again: only the first time counts.
   *
   * @return whether whoever waits for the start is told
   */
  private boolean tellFailure(final Throwable e) {
    if (fetched.completeExceptionally(e) || fetched.isCompletedExceptionally()) {
      return true;
    }
    onFailure.accept(e);
    return false;
  }

  private void serve(final IoUring ring) throws IOException {
    final int[] targetFiles = served.target().files(queueId);
    final int[] files = new int[targetFiles.length + 1];
    files[QueueLoop.CHAR_DEVICE_FILE] = served.charDeviceFd();
    System.arraycopy(targetFiles, 0, files, 1, targetFiles.length);
    ring.registerFiles(files);
    final QueueLoop loop =
        new QueueLoop(
            new QueueMemory(queueId, device.depth(), device.maxIoBytes(), descriptors, buffers),
            ring,
            blocks,
            tap,
            wakeUp,
            served.target());
    try {
      loop.fetchAll();
      requests = loop;
      fetched.complete(null);
      while (loop.isLive() && !leaving) {
        loop.doWork();
      }
      if (leaving) {
        leave(loop);
      }
    } catch (final Throwable e) {
      // Told first: the end takes a while, and nobody answers this queue's requests any more.
      tellFailure(e);
      try {
        if (device.outlivesServer()) {
          leave(loop);
        } else {
          loop.abortAll(ABORT_LIMIT_NS);
        }
      } catch (final Throwable again) {
        e.addSuppressed(again);
      }
      throw e;
    } finally {
      if (!left) {
        // A registered file is a reference: DEL_DEV would wait for it.
        ring.unregisterFiles();
      }
      // Else that would wait for the commands that the driver still has (io_rsrc_ref_quiesce,
      // before
      // Linux 6.13). The ring lets go of the file when all that is on its way to the disk has ended
      // (io_ring_exit_work), and so long the driver lets no other server take over.
    }
  }

  private void leave(final QueueLoop loop) throws IOException {
    left = true;
    targetBusy = true; // whatever becomes of it
    targetBusy = !loop.leave(LEAVE_LIMIT_NS);
  }

  private void pin(final Posix posix) {
    try (Arena arena = Arena.ofConfined()) {
      final MemorySegment mask = arena.allocate(affinity.length, Long.BYTES);
      MemorySegment.copy(affinity, 0, mask, ValueLayout.JAVA_BYTE, 0, affinity.length);
      final int result = posix.schedSetaffinity(0, mask);
      if (result < 0) {
        LOG.debug("queue {}: sched_setaffinity: {}", queueId, result);
      }
    }
  }

  /**
   * The queue's request descriptors, read-only. Their place depends on the greatest depth there can
   * be, not on the real one (ublk_drv.c, ublk_ch_mmap): with the wrong stride every queue would see
   * queue 0.
   */
  private MemorySegment mapDescriptors(final Posix posix) throws IOException {
    final long size = roundUp(device.depth() * ublksrv_io_desc.sizeof());
    final long stride = roundUp(4096 * ublksrv_io_desc.sizeof());
    final long address =
        ErrnoException.orThrow(
            posix.mmap(
                0,
                size,
                Linux.PROT_READ(),
                Linux.MAP_SHARED() | Linux.MAP_POPULATE(),
                served.charDeviceFd(),
                queueId * stride),
            "mmap",
            device.charDevicePath(),
            "queue " + queueId);
    return MemorySegment.ofAddress(address).reinterpret(size);
  }

  /**
   * The queue's I/O buffers, resident and locked: if a page were missing when the driver copies, it
   * would shorten a WRITE silently (ublk_drv.c, ublk_start_io).
   */
  private MemorySegment mapBuffers(final Posix posix) throws IOException {
    final long size = (long) device.depth() * device.maxIoBytes();
    final long address =
        ErrnoException.orThrow(
            posix.mmap(
                0,
                size,
                Linux.PROT_READ() | Linux.PROT_WRITE(),
                Linux.MAP_PRIVATE() | Linux.MAP_ANONYMOUS() | Linux.MAP_POPULATE(),
                -1,
                0),
            "mmap",
            size + " bytes of I/O buffers");
    final int locked = posix.mlock(address, size);
    if (locked < 0) {
      LOG.warn(
          "cannot lock {} MiB of I/O buffers in memory ({}): raise LimitMEMLOCK",
          size >> 20,
          Errno.describe(-locked));
    }
    return MemorySegment.ofAddress(address).reinterpret(size);
  }

  private static long roundUp(final long bytes) {
    return (bytes + PAGE_BYTES - 1) & -PAGE_BYTES;
  }

  /**
   * Asks the thread to end without another answer; only of a device that {@linkplain
   * DeviceInfo#outlivesServer outlives} its server.
   */
  void leave() {
    leaving = true;
    wakeUp.wake();
  }

  /**
   * Waits for the thread's end.
   *
   * @return whether it ended in time
   */
  boolean join(final long limitMs) throws InterruptedException {
    thread.join(limitMs);
    return !thread.isAlive();
  }

  /** Once it has {@linkplain #leave left}: whether I/O of it is still on its way to the target. */
  boolean hasTargetBusy() {
    return targetBusy;
  }

  /** Frees the queue's memory. Does nothing while the thread runs: the kernel may write there. */
  @Override
  public void close() {
    if (thread.isAlive()) {
      LOG.error("queue {} of /dev/ublkb{} did not end; its memory stays", queueId, device.id());
      return;
    }
    controlPosix.munmap(descriptors.address(), descriptors.byteSize());
    if (targetBusy) { // what else came to lie there could go to the disk
      LOG.warn(
          "queue {} of /dev/ublkb{} ended with I/O on its way: its buffers stay in memory",
          queueId,
          device.id());
    } else {
      controlPosix.munmap(buffers.address(), buffers.byteSize());
    }
    wakeUp.close();
  }
}
