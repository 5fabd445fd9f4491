package io.blockcam.ublk.queue;

import static io.blockcam.ublk.target.Geometry.SECTOR_BYTES;

import io.blockcam.nativebindings.uapi.Ublk;
import io.blockcam.nativebindings.uapi.ublksrv_io_desc;
import io.blockcam.ublk.tap.QueueTap;
import io.blockcam.ublk.target.QueueContext;
import io.blockcam.ublk.target.Target;
import io.blockcam.ublk.target.TargetQueue;
import io.blockcam.uring.IoUring;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Serves the requests of one queue, a duty cycle at a time.
 *
 * <p>Hot path: primitives and fixed offsets; nothing allocates, blocks, locks, logs or throws
 * between a request's arrival and its commit.
 *
 * <p>The life of a tag:
 *
 * <pre>
 *   FETCH/COMMIT completes
 *     -> READ, FLUSH:            target
 *     -> WRITE, DISCARD, ZEROES: tap has room? may it be changed? range free? -> target
 *   target done
 *     -> WRITE, DISCARD, ZEROES: tap told, range freed
 *     -> FLUSH or FUA:           record durable?
 *     -> FLUSH:                  tap has room?
 *     -> COMMIT_AND_FETCH
 * </pre>
 *
 * A tag that finds the range taken, the ring full, the range not yet to be changed or the record
 * not yet durable waits in a list and is looked at again once a cycle; the others go on.
 */
final class QueueLoop implements QueueContext, PendingRequests {

  /** Place of /dev/ublkcN in the ring's table of registered files; the target's come after it. */
  static final int CHAR_DEVICE_FILE = 0;

  private static final long KIND_SHIFT = 56;
  private static final long KIND_UBLK = 1;
  private static final long KIND_TARGET = 2;
  private static final long KIND_WAKE = 3;
  private static final int STEP_SHIFT = 16;

  private static final long WAKE_USER_DATA = KIND_WAKE << KIND_SHIFT;

  // UAPI constants as compile-time-foldable statics (the generated ones are methods).
  private static final int OP_READ = Ublk.UBLK_IO_OP_READ();
  private static final int OP_WRITE = Ublk.UBLK_IO_OP_WRITE();
  private static final int OP_FLUSH = Ublk.UBLK_IO_OP_FLUSH();
  private static final int OP_DISCARD = Ublk.UBLK_IO_OP_DISCARD();
  private static final int OP_WRITE_ZEROES = Ublk.UBLK_IO_OP_WRITE_ZEROES();
  private static final int FLAG_FUA = (int) Ublk.UBLK_IO_F_FUA();
  private static final int FLAG_NOUNMAP = (int) Ublk.UBLK_IO_F_NOUNMAP();
  private static final int FETCH = (int) Ublk.UBLK_U_IO_FETCH_REQ();
  private static final int COMMIT_AND_FETCH = (int) Ublk.UBLK_U_IO_COMMIT_AND_FETCH_REQ();
  private static final int RESULT_OK = (int) Ublk.UBLK_IO_RES_OK();
  private static final int RESULT_ABORT = (int) Ublk.UBLK_IO_RES_ABORT();

  private static final long DESC_BYTES = ublksrv_io_desc.sizeof();
  private static final long DESC_OP_FLAGS = ublksrv_io_desc.op_flags$offset();
  private static final long DESC_SECTORS = ublksrv_io_desc.nr_sectors$offset();
  private static final long DESC_START_SECTOR = ublksrv_io_desc.start_sector$offset();

  /**
   * Where a tag is, or what it waits for. A tag that changes the disk holds its range IN_TARGET.
   */
  private static final byte IN_KERNEL = 0;

  private static final byte ARRIVED = 1;
  private static final byte IN_TARGET = 2;
  private static final byte WAITS_FOR_RANGE = 3;
  private static final byte WAITS_FOR_ROOM = 4;
  private static final byte WAITS_FOR_DURABLE = 5;
  private static final byte WAITS_FOR_LEAVE = 6;

  private static final String[] STATE_NAMES = {
    "is in the driver's hands",
    "has arrived",
    "waits for the backing store",
    "waits for an overlapping write",
    "waits for room in the ring",
    "waits until the record is durable",
    "waits until its range may be changed"
  };

  /** For each state, the set of those that can follow, as bits; see {@link #enter}. */
  private static final int[] FOLLOWERS = {
    /* IN_KERNEL */ 1 << ARRIVED,
    /* ARRIVED */ 1 << IN_TARGET
        | 1 << WAITS_FOR_RANGE
        | 1 << WAITS_FOR_ROOM
        | 1 << WAITS_FOR_LEAVE
        | 1 << IN_KERNEL,
    /* IN_TARGET */ 1 << WAITS_FOR_ROOM | 1 << WAITS_FOR_DURABLE | 1 << IN_KERNEL,
    /* WAITS_FOR_RANGE */ 1 << ARRIVED | 1 << IN_KERNEL,
    /* WAITS_FOR_ROOM */ 1 << ARRIVED | 1 << IN_KERNEL,
    /* WAITS_FOR_DURABLE */ 1 << WAITS_FOR_ROOM | 1 << IN_KERNEL,
    /* WAITS_FOR_LEAVE */ 1 << ARRIVED | 1 << IN_KERNEL
  };

  private static final long NO_TICKET = Long.MIN_VALUE;
  private static final int EIO = 5;
  private static final int EOPNOTSUPP = 95;

  private final int queueId;
  private final int depth;
  private final int bufferBytes;
  private final IoUring ring;
  private final MemorySegment descriptors;
  private final MemorySegment buffers;
  private final InFlightBlocks blocks;
  private final @Nullable QueueTap tap;
  private final EventFd wakeUp;
  private final TargetQueue target;

  private final byte[] state;
  private final int[] generation;
  private final int[] opFlags;
  private final int[] sectors;
  private final long[] startSector;
  private final long[] ticket;
  private final int[] result;

  /** Whether the tap was asked, and lets the request change the disk. */
  private final boolean[] touches;

  private final TagFifo waitsForStart;
  private final TagFifo waitsForDurable;
  private int waitsForRoom;
  private int waitsForRange;
  private int tagsInUse;

  /** Completions of the current cycle that have been served. */
  private int served;

  /**
   * Everything here belongs to the queue's thread from now on and is freed by whoever made it,
   * after the thread has ended.
   *
   * @param tap where writes are shown first, or null
   */
  QueueLoop(
      final QueueMemory memory,
      final IoUring ring,
      final InFlightBlocks blocks,
      final @Nullable QueueTap tap,
      final EventFd wakeUp,
      final Target target) {
    this.queueId = memory.queueId();
    this.depth = memory.depth();
    this.bufferBytes = memory.bufferBytes();
    this.ring = ring;
    this.descriptors = memory.descriptors();
    this.buffers = memory.buffers();
    this.blocks = blocks;
    this.tap = tap;
    this.wakeUp = wakeUp;
    this.state = new byte[depth];
    this.generation = new int[depth];
    this.opFlags = new int[depth];
    this.sectors = new int[depth];
    this.startSector = new long[depth];
    this.ticket = new long[depth];
    this.touches = new boolean[depth];
    this.result = new int[depth];
    this.waitsForStart = new TagFifo(depth);
    this.waitsForDurable = new TagFifo(depth);
    this.target = target.openQueue(this);
  }

  /** Hands every tag to the kernel. START_DEV returns only after all queues have done this. */
  void fetchAll() throws IOException {
    armWakeUp();
    for (int tag = 0; tag < depth; tag++) {
      prepareIoCommand(FETCH, tag, 0);
    }
    tagsInUse = depth;
    ring.submit();
  }

  /** Whether the kernel still uses any tag. When it does not, the device is gone. */
  boolean isLive() {
    return tagsInUse > 0;
  }

  /**
   * One duty cycle: waits for completions, serves them, looks at the waiting tags again.
   *
   * @throws IOException when the ring itself fails; the device can not go on then
   */
  void doWork() throws IOException {
    ring.submitAndWait(1);
    final int n = ring.completions();
    for (served = 0; served < n; ) {
      final long userData = ring.cqeUserData(served);
      final int res = ring.cqeResult(served);
      served++; // whatever it does, it is not to be done again
      final long kind = userData >>> KIND_SHIFT;
      final int tag = (int) userData & 0xffff;
      if (kind == KIND_UBLK) {
        onRequest(tag, res);
      } else if (kind == KIND_TARGET) {
        onTargetCompletion(tag, (int) (userData >>> STEP_SHIFT) & 0xff, res);
      } else {
        onWakeUp();
      }
    }
    ring.advance(n);
    served = 0;
    if (!waitsForStart.isEmpty()) {
      retryStarts();
    }
    if (!waitsForDurable.isEmpty()) {
      retryDurable();
    }
  }

  /**
   * The last resort of a queue that can not go on, of a device that ends with its server: what the
   * target has in its hands is waited for, as long as the ring and the time allow, so that record
   * and disk agree on it; every other request ends with EIO. No range stays locked and no claim
   * open, or the other queues would wait for ever.
   *
   * @param limitNs for the target
   * @throws IOException when the ring gives no more answers; what it had in its hands stays locked
   *     and open, since nobody knows what became of it
   */
  void abortAll(final long limitNs) throws IOException {
    while (waitsForStart.size() > 0) {
      final int tag = waitsForStart.remove();
      blocks.giveUp(queueId, tag);
      commit(tag, -EIO);
    }
    waitsForRoom = 0;
    waitsForRange = 0;
    blocks.setWaiting(queueId, 0);
    awaitTarget(limitNs, /* answers= */ true);
    for (int tag = 0; tag < depth; tag++) {
      if (state[tag] != IN_KERNEL) {
        commit(tag, -EIO);
      }
    }
    ring.submit();
  }

  /**
   * The end of a queue of a device that outlives its server: what the target has in its hands is
   * waited for, so that less of it is of unknown outcome. Requests without an answer get none: the
   * driver sends them to the next server (UBLK_F_USER_RECOVERY_REISSUE). Ranges and claims stay as
   * they are, so every queue of the device must end with this.
   *
   * @param limitNs for the target
   * @return whether the target has nothing more in its hands; after an Error it may have less than
   *     it seems
   * @throws IOException when the ring gives no more answers
   */
  boolean leave(final long limitNs) throws IOException {
    awaitTarget(limitNs, /* answers= */ false);
    ring.submit();
    return !isTargetBusy();
  }

  /**
   * Serves what the target completes until it has nothing more in its hands.
   *
   * @param answers whether requests that arrive, or wait for the record, end with EIO
   */
  private void awaitTarget(final long limitNs, final boolean answers) throws IOException {
    final long deadlineNs = System.nanoTime() + limitNs;
    while (true) {
      final int n = ring.completions();
      for (int i = served; i < n; i++) {
        onLastCompletion(ring.cqeUserData(i), ring.cqeResult(i), answers);
      }
      served = 0;
      ring.advance(n);
      while (answers && waitsForDurable.size() > 0) {
        commit(waitsForDurable.remove(), -EIO);
      }
      final long leftNs = deadlineNs - System.nanoTime();
      if (!isTargetBusy() || leftNs <= 0) {
        break;
      }
      ring.submitAndWait(1, leftNs);
    }
  }

  private void onLastCompletion(final long userData, final int res, final boolean answers) {
    final int tag = (int) userData & 0xffff;
    if (userData >>> KIND_SHIFT == KIND_TARGET) {
      onTargetCompletion(tag, (int) (userData >>> STEP_SHIFT) & 0xff, res);
    } else if (answers
        && userData >>> KIND_SHIFT == KIND_UBLK
        && res == RESULT_OK
        && state[tag] == IN_KERNEL) {
      enter(tag, ARRIVED);
      commit(tag, -EIO);
    }
  }

  private boolean isTargetBusy() {
    for (int tag = 0; tag < depth; tag++) {
      if (state[tag] == IN_TARGET) {
        return true;
      }
    }
    return false;
  }

  /** The only place where a tag's state changes. */
  private void enter(final int tag, final byte next) {
    if ((FOLLOWERS[state[tag]] >>> next & 1) == 0) {
      throw impossible(tag, next);
    }
    state[tag] = next;
  }

  private IllegalStateException impossible(final int tag, final byte next) {
    return new IllegalStateException(
        "tag %d of queue %d %s, it can not go to \"%s\""
            .formatted(tag, queueId, STATE_NAMES[state[tag]], STATE_NAMES[next]));
  }

  private void onRequest(final int tag, final int res) throws IOException {
    if (res == RESULT_ABORT) {
      tagsInUse--;
      return;
    }
    if (res != RESULT_OK) {
      throw new IOException(
          "ublk queue " + queueId + ": the driver refused tag " + tag + " with result " + res);
    }
    final long descriptor = tag * DESC_BYTES;
    final int flags = descriptors.get(Layouts.INT, descriptor + DESC_OP_FLAGS);
    opFlags[tag] = flags;
    sectors[tag] = descriptors.get(Layouts.INT, descriptor + DESC_SECTORS);
    startSector[tag] = descriptors.get(Layouts.LONG, descriptor + DESC_START_SECTOR);
    ticket[tag] = NO_TICKET;
    generation[tag]++;
    enter(tag, ARRIVED);
    try {
      final int op = flags & 0xff;
      if (op == OP_READ) {
        enter(tag, IN_TARGET);
        target.read(tag, startSector[tag] * SECTOR_BYTES, sectors[tag] * SECTOR_BYTES);
      } else if (op == OP_WRITE || op == OP_DISCARD || op == OP_WRITE_ZEROES) {
        if (waitsForRoom > 0) {
          enter(tag, WAITS_FOR_ROOM);
          park(tag);
        } else if (!tryStart(tag)) {
          park(tag);
        }
      } else if (op == OP_FLUSH) {
        startFlush(tag);
      } else {
        commit(tag, -EOPNOTSUPP);
      }
    } catch (final RuntimeException e) {
      // A bug; but a tag that is never committed would hang the guest and the driver's teardown.
      // After an Error (no memory, a fault in mapped memory) no request can be served: it ends the
      // queue.
      finish(tag, -EIO);
    }
  }

  /** Starts a request that changes the disk, or says what it has to wait for. */
  private boolean tryStart(final int tag) {
    final long offset = startSector[tag] * SECTOR_BYTES;
    final long length = length(tag);
    final int op = opFlags[tag] & 0xff;
    final boolean fua = (opFlags[tag] & FLAG_FUA) != 0;
    // The range last: one that is taken for a moment only to be given back wakes other queues, and
    // they do the same to us.
    if (tap != null
        && !tap.hasRoom(startSector[tag], Integer.toUnsignedLong(sectors[tag]), op == OP_WRITE)) {
      tap.requestRoom();
      enter(tag, WAITS_FOR_ROOM);
      return false;
    }
    if (tap != null && !tap.mayChange(startSector[tag], Integer.toUnsignedLong(sectors[tag]))) {
      enter(tag, WAITS_FOR_LEAVE);
      return false;
    }
    touches[tag] = true;
    if (!blocks.tryLock(queueId, tag, offset, length)) {
      leaveRegion(tag);
      enter(tag, WAITS_FOR_RANGE);
      return false;
    }
    enter(tag, IN_TARGET);
    if (tap != null) {
      final long t =
          op == OP_WRITE
              ? tap.offerWrite(startSector[tag], sectors[tag], buffers, bufferOffset(tag), fua)
              : tap.offerZeroes(
                  startSector[tag], Integer.toUnsignedLong(sectors[tag]), op == OP_DISCARD, fua);
      if (t == QueueTap.FULL) { // another queue was faster
        leaveRegion(tag);
        blocks.unlock(queueId, tag, offset, length);
        tap.requestRoom();
        enter(tag, WAITS_FOR_ROOM);
        return false;
      }
      ticket[tag] = t;
    }
    if (op == OP_WRITE) {
      target.write(tag, offset, (int) length, fua);
    } else {
      final boolean keepAllocated = op == OP_WRITE_ZEROES && (opFlags[tag] & FLAG_NOUNMAP) != 0;
      target.zero(tag, offset, length, keepAllocated, fua);
    }
    return true;
  }

  /** Target and record become durable side by side. */
  private void startFlush(final int tag) {
    if (tap != null) {
      final long newest = tap.newest();
      final boolean safe = tap.isSafe(newest);
      if (!safe) {
        tap.requestDurable(newest);
      }
      // What need not be durable now need not be later: nobody was asked to wake us for it.
      ticket[tag] = safe ? QueueTap.NOTHING : newest;
    }
    enter(tag, IN_TARGET);
    target.flush(tag);
  }

  /** Only now, and not when it began: a flush in the record is one that has succeeded. */
  private void endFlush(final int tag) {
    if (tap != null && tap.offerFlush() == QueueTap.FULL) {
      tap.requestRoom();
      enter(tag, WAITS_FOR_ROOM);
      park(tag);
    } else {
      commit(tag, 0);
    }
  }

  private void park(final int tag) {
    if (state[tag] == WAITS_FOR_RANGE) {
      waitsForRange++;
    } else if (state[tag] == WAITS_FOR_ROOM) {
      waitsForRoom++;
    }
    waitsForStart.add(tag);
  }

  /**
   * Tries the waiting requests again, oldest first. Once one of them finds no room, those behind it
   * are not tried: small writes must not starve a large one.
   */
  private void retryStarts() {
    // Told before the tries, and all that may come to wait: whoever frees a range after a try must
    // see it. Put right behind them: one that waits for room wants no wake-up for a range.
    blocks.setWaiting(queueId, waitsForStart.size());
    boolean room = true;
    for (int n = waitsForStart.size(); n > 0; n--) {
      final int tag = waitsForStart.remove();
      if (state[tag] == WAITS_FOR_ROOM) {
        waitsForRoom--;
      } else if (state[tag] == WAITS_FOR_RANGE) {
        waitsForRange--;
      }
      if (!room) {
        park(tag);
        continue;
      }
      enter(tag, ARRIVED);
      try {
        if ((opFlags[tag] & 0xff) == OP_FLUSH) {
          endFlush(tag);
        } else if (!tryStart(tag)) {
          park(tag);
        }
        room = state[tag] != WAITS_FOR_ROOM;
      } catch (final RuntimeException e) {
        finish(tag, -EIO); // see onRequest
      }
    }
    blocks.setWaiting(queueId, waitsForRange);
  }

  private void retryDurable() {
    final QueueTap t = tap;
    if (t == null) {
      return;
    }
    for (int n = waitsForDurable.size(); n > 0; n--) {
      final int tag = waitsForDurable.remove();
      if (t.isSafe(ticket[tag])) {
        durable(tag);
      } else {
        waitsForDurable.add(tag);
      }
    }
  }

  private void onTargetCompletion(final int tag, final int step, final int res) {
    try {
      target.onCompletion(tag, step, res);
    } catch (final RuntimeException e) {
      finish(tag, -EIO); // see onRequest
    }
  }

  /** Ends a request after a bug, whatever it has come to hold. */
  private void finish(final int tag, final int res) {
    if (state[tag] == IN_TARGET) {
      done(tag, res);
    } else if (state[tag] == ARRIVED) {
      leaveRegion(tag);
      blocks.giveUp(queueId, tag);
      commit(tag, res);
    }
  }

  /** Tells the tap that the request does not change the disk any more, if it was let to. */
  private void leaveRegion(final int tag) {
    final QueueTap t = tap;
    if (touches[tag] && t != null) {
      t.changed(startSector[tag], Integer.toUnsignedLong(sectors[tag]));
    }
    touches[tag] = false;
  }

  @Override
  public int requests() {
    return depth;
  }

  @Override
  public int generation(final int tag) {
    return generation[tag];
  }

  @Override
  public boolean isPending(final int tag) {
    return state[tag] != IN_KERNEL;
  }

  @Override
  public String describe(final int tag) {
    return "tag %d of queue %d (operation %d, %d sectors at %d) %s"
        .formatted(
            tag,
            queueId,
            opFlags[tag] & 0xff,
            Integer.toUnsignedLong(sectors[tag]),
            startSector[tag],
            STATE_NAMES[state[tag]]);
  }

  @Override
  public void done(final int tag, final int res) {
    final int op = opFlags[tag] & 0xff;
    if (op == OP_READ) {
      commit(tag, res);
      return;
    }
    final QueueTap t = tap;
    if (t != null && res < 0 && (op == OP_FLUSH || (opFlags[tag] & FLAG_FUA) != 0)) {
      t.flushFailed(); // it need not be this data that is lost, and nobody else is told
    }
    if (op != OP_FLUSH) {
      if (t != null && ticket[tag] != NO_TICKET) {
        t.complete(ticket[tag], res);
      }
      leaveRegion(tag);
      blocks.unlock(queueId, tag, startSector[tag] * SECTOR_BYTES, length(tag));
    }
    // The driver takes any result >= 0 of these as success of the whole request (ublk_drv.c,
    // __ublk_complete_rq), and a byte count of 2 GiB or more would overflow: commit 0.
    final int committed = res < 0 ? res : op == OP_WRITE ? (int) length(tag) : 0;
    final boolean mustBeDurable = op == OP_FLUSH || (opFlags[tag] & FLAG_FUA) != 0;
    if (res < 0 || !mustBeDurable || t == null || ticket[tag] == NO_TICKET) {
      commit(tag, committed);
      return;
    }
    if (op != OP_FLUSH && !t.isSafe(ticket[tag])) {
      t.requestDurable(ticket[tag]);
    }
    result[tag] = committed;
    if (t.isSafe(ticket[tag])) {
      durable(tag);
    } else {
      enter(tag, WAITS_FOR_DURABLE);
      waitsForDurable.add(tag);
    }
  }

  private void durable(final int tag) {
    if ((opFlags[tag] & 0xff) == OP_FLUSH) {
      endFlush(tag);
    } else {
      commit(tag, result[tag]);
    }
  }

  private long length(final int tag) {
    return Integer.toUnsignedLong(sectors[tag]) * SECTOR_BYTES;
  }

  private void commit(final int tag, final int res) {
    enter(tag, IN_KERNEL);
    prepareIoCommand(COMMIT_AND_FETCH, tag, res);
  }

  private void prepareIoCommand(final int command, final int tag, final int res) {
    // struct ublksrv_io_cmd: u16 q_id, u16 tag, s32 result, u64 addr (ublk_cmd.h)
    ring.prepareUringCmd(
        CHAR_DEVICE_FILE,
        command,
        (queueId & 0xffffL) | (tag & 0xffffL) << 16 | (res & 0xffffffffL) << 32,
        buffers.address() + bufferOffset(tag),
        KIND_UBLK << KIND_SHIFT | tag);
  }

  private void onWakeUp() {
    armWakeUp();
    target.onWake();
  }

  private void armWakeUp() {
    wakeUp.prepareRead(ring, WAKE_USER_DATA);
  }

  @Override
  public void wake() {
    wakeUp.wake();
  }

  @Override
  public int queueId() {
    return queueId;
  }

  @Override
  public int depth() {
    return depth;
  }

  @Override
  public IoUring ring() {
    return ring;
  }

  @Override
  public MemorySegment buffers() {
    return buffers;
  }

  @Override
  public long bufferOffset(final int tag) {
    return (long) tag * bufferBytes;
  }

  @Override
  public int targetFile(final int i) {
    return CHAR_DEVICE_FILE + 1 + i;
  }

  @Override
  public long userData(final int tag, final int step) {
    return KIND_TARGET << KIND_SHIFT | (long) step << STEP_SHIFT | tag;
  }
}
