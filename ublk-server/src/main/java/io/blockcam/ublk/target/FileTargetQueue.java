package io.blockcam.ublk.target;

import io.blockcam.nativebindings.uapi.Linux;
import io.blockcam.uring.IoUring;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * One queue of a {@link FileTarget}: each request becomes entries in the queue's ring, one after
 * the other until it is done. Hot path, queue thread only.
 *
 * <p>A FUA write is synced with itself where the page cache is bypassed. Elsewhere the queue's own
 * description is synced behind it, as for a FLUSH: with RWF_DSYNC on the one that all queues share,
 * one write could take away the error of another's data.
 *
 * <p>The driver takes a short result of a WRITE for success of the whole (ublk_drv.c,
 * __ublk_complete_rq), so short transfers are continued here, and none is ever reported.
 */
final class FileTargetQueue implements TargetQueue {

  private static final int STEP_READ = 1;
  private static final int STEP_WRITE = 2;
  private static final int STEP_SYNC = 3;
  private static final int STEP_ZERO_RANGE = 4;
  private static final int STEP_PUNCH = 5;
  private static final int STEP_WRITE_ZEROES = 6;

  private static final int PUNCH_HOLE = Linux.FALLOC_FL_PUNCH_HOLE() | Linux.FALLOC_FL_KEEP_SIZE();
  private static final int ZERO_RANGE = Linux.FALLOC_FL_ZERO_RANGE() | Linux.FALLOC_FL_KEEP_SIZE();
  private static final int RWF_DSYNC = Linux.RWF_DSYNC();
  private static final int EIO = Linux.EIO();
  private static final int EINTR = Linux.EINTR();
  private static final int EAGAIN = Linux.EAGAIN();
  private static final int EINVAL = Linux.EINVAL();
  private static final int EOPNOTSUPP = Linux.EOPNOTSUPP();

  private static final int ZEROES_BYTES = 1 << 20;

  /** Never written to; the same for all queues of all targets. */
  private static final MemorySegment ZEROES = Arena.global().allocate(ZEROES_BYTES, 4096);

  private final QueueContext context;
  private final IoUring ring;
  private final int file;
  private final int syncFile;
  private final boolean direct;
  private boolean punches;
  private final AtomicInteger syncFailures;
  private final long[] offset;
  private final long[] length;
  private final long[] finished;
  private final boolean[] fua;

  /** Learnt from the first refusal, so that a file system is asked once for what it cannot do. */
  private boolean canZeroRange = true;

  // One sync at a time, or one could take the error of another's data: whoever comes while it is
  // under way waits for the next one, which serves all of them.
  private int[] synced;
  private int[] unsynced;
  private int syncedCount;
  private int unsyncedCount;

  /** Of each request that is to be durable, how many there were when it began. */
  private final int[] failuresBefore;

  /**
   * @param direct whether the page cache is bypassed
   * @param punches whether the file gives room back
   * @param syncFailures of all queues of the target: what relied on a sync that failed fails
   */
  FileTargetQueue(
      final QueueContext context,
      final boolean direct,
      final boolean punches,
      final AtomicInteger syncFailures) {
    this.context = context;
    this.ring = context.ring();
    this.file = context.targetFile(0);
    this.syncFile = context.targetFile(1);
    this.direct = direct;
    this.punches = punches;
    this.syncFailures = syncFailures;
    this.synced = new int[context.depth()];
    this.unsynced = new int[context.depth()];
    this.offset = new long[context.depth()];
    this.length = new long[context.depth()];
    this.finished = new long[context.depth()];
    this.failuresBefore = new int[context.depth()];
    this.fua = new boolean[context.depth()];
  }

  @Override
  public void read(final int tag, final long offset, final int length) {
    begin(tag, offset, length, false);
    next(tag, STEP_READ);
  }

  @Override
  public void write(final int tag, final long offset, final int length, final boolean fua) {
    begin(tag, offset, length, fua);
    next(tag, STEP_WRITE);
  }

  @Override
  public void flush(final int tag) {
    begin(tag, 0, 0, true);
    sync(tag);
  }

  @Override
  public void zero(
      final int tag,
      final long offset,
      final long length,
      final boolean keepAllocated,
      final boolean fua) {
    begin(tag, offset, length, fua);
    if (keepAllocated && canZeroRange) {
      next(tag, STEP_ZERO_RANGE);
    } else if (!keepAllocated && punches) {
      next(tag, STEP_PUNCH);
    } else {
      next(tag, STEP_WRITE_ZEROES);
    }
  }

  @Override
  public void onCompletion(final int tag, final int step, final int result) {
    if (step == STEP_SYNC) {
      onSynced(result);
    } else if (result == -EINTR || result == -EAGAIN) {
      next(tag, step);
    } else if (step == STEP_ZERO_RANGE || step == STEP_PUNCH) {
      onZeroed(tag, step, result);
    } else if (result < 0) {
      if (fua[tag]) {
        syncFailures.getAndIncrement();
      }
      context.done(tag, result);
    } else if (result == 0) {
      context.done(tag, -EIO); // the file ends before the disk does: somebody cut it
    } else {
      onMoved(tag, step, result);
    }
  }

  private void begin(final int tag, final long at, final long bytes, final boolean durable) {
    offset[tag] = at;
    length[tag] = bytes;
    finished[tag] = 0;
    fua[tag] = durable;
    if (durable) {
      failuresBefore[tag] = syncFailures.get();
    }
  }

  private void onMoved(final int tag, final int step, final int bytes) {
    finished[tag] += bytes;
    if (finished[tag] < length[tag]) {
      next(tag, step);
    } else if (step == STEP_WRITE_ZEROES || (fua[tag] && !direct)) {
      syncIfFua(tag);
    } else {
      context.done(tag, (int) finished[tag]);
    }
  }

  private void onZeroed(final int tag, final int step, final int result) {
    if (result >= 0) {
      syncIfFua(tag);
    } else if (result == -EOPNOTSUPP || result == -EINVAL) {
      if (step == STEP_ZERO_RANGE) {
        canZeroRange = result != -EOPNOTSUPP && canZeroRange;
      } else {
        punches = result != -EOPNOTSUPP && punches;
      }
      next(tag, STEP_WRITE_ZEROES);
    } else {
      context.done(tag, result);
    }
  }

  private void syncIfFua(final int tag) {
    if (fua[tag]) {
      sync(tag);
    } else {
      context.done(tag, 0);
    }
  }

  private void sync(final int tag) {
    unsynced[unsyncedCount++] = tag;
    if (syncedCount == 0) {
      startSync();
    }
  }

  /** For all who wait. */
  private void startSync() {
    final int[] free = synced;
    synced = unsynced;
    syncedCount = unsyncedCount;
    unsynced = free;
    unsyncedCount = 0;
    ring.prepareFdatasync(syncFile, context.userData(synced[0], STEP_SYNC));
  }

  private void onSynced(final int result) {
    if (result == -EINTR || result == -EAGAIN) {
      ring.prepareFdatasync(syncFile, context.userData(synced[0], STEP_SYNC));
      return;
    }
    if (result < 0) {
      syncFailures.getAndIncrement();
    }
    for (int i = 0; i < syncedCount; i++) {
      final int tag = synced[i];
      if (result >= 0 && syncFailures.get() != failuresBefore[tag]) {
        context.done(tag, -EIO); // what is lost may be what it wrote, and no later sync is told
      } else {
        context.done(tag, result < 0 ? result : (int) finished[tag]);
      }
    }
    syncedCount = 0;
    if (unsyncedCount > 0) {
      startSync();
    }
  }

  private void next(final int tag, final int step) {
    final long userData = context.userData(tag, step);
    final long at = offset[tag] + finished[tag];
    final long left = length[tag] - finished[tag];
    final long buffer = context.buffers().address() + context.bufferOffset(tag) + finished[tag];
    switch (step) {
      case STEP_READ -> ring.prepareRead(file, buffer, (int) left, at, 0, userData);
      case STEP_WRITE ->
          ring.prepareWrite(
              file, buffer, (int) left, at, fua[tag] && direct ? RWF_DSYNC : 0, userData);
      case STEP_ZERO_RANGE -> ring.prepareFallocate(file, ZERO_RANGE, at, left, userData);
      case STEP_PUNCH -> ring.prepareFallocate(file, PUNCH_HOLE, at, left, userData);
      case STEP_WRITE_ZEROES ->
          ring.prepareWrite(
              file, ZEROES.address(), (int) Math.min(left, ZEROES_BYTES), at, 0, userData);
      default -> context.done(tag, -EINVAL);
    }
  }
}
