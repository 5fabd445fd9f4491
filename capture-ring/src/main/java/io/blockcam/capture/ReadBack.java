package io.blockcam.capture;

import io.blockcam.archive.record.RecordDescriptor;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.capture.disk.BackingReader;
import io.blockcam.capture.disk.DiskChunk;
import io.blockcam.capture.ring.CaptureRing;
import io.blockcam.capture.spool.Doubt;
import io.blockcam.capture.spool.Doubts;
import io.blockcam.capture.spool.Spool;
import io.blockcam.ublk.tap.QueueTap;
import io.blockcam.ublk.tap.RangeLock;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ends a doubt that arose while the device is live: keeps the guest's writes away from a piece of
 * the disk, reads it, and offers what it holds to the ring, so that in the order of the record it
 * stands where it was true.
 *
 * <p>The doubt stays in the spool until what was read is durable there. Blocks that can not be read
 * stay in it, and are tried again later. A doubt of more than a start would wait for, all of a disk
 * say, gives way to the guest: it takes half of ring and spool at most, and what is done of it is
 * noted down on the way.
 *
 * <p>{@link #add} is the consumer's; everything else belongs to one thread, which only waits by
 * {@link #awaitWork}. A test can drive it by hand.
 */
final class ReadBack implements Doubts {
  private static final Logger LOG = LoggerFactory.getLogger(ReadBack.class);
  private static final long FIRST_RETRY_NS = 1_000_000_000L;
  private static final long LAST_RETRY_NS = 60_000_000_000L;

  /** Between two tries for a range that a write holds, or for room in the ring. */
  private static final long TRY_NS = 1_000_000L;

  /** Between two looks whether what was read back is durable. */
  private static final long LOOK_NS = 100_000_000L;

  private final Spool spool;
  private final CaptureRing ring;
  private final DiskChunk chunk;
  private final LongSupplier clockNs;
  private final Arena arena = Arena.ofShared();
  private @Nullable Thread waiter;

  // Guarded by this: what is to be read, and whether the spool remembers any.
  private final List<Doubt.Range> pending = new ArrayList<>();
  private long pendingBlocks;
  private @Nullable Checkpoint checkpoint;
  private boolean unsettled;
  private boolean stopped;

  /** Could not be read, to be tried again when {@link #retry} says. */
  private final List<Doubt.Range> unread = new ArrayList<>();

  private long unreadBlocks;

  private final RetryTimer retry;
  private boolean retryAtOnce;
  private volatile boolean leavesRoom;

  // The range in hand, and how much of it is taken at a time.
  private long block;
  private long endBlock;
  private int step = DiskChunk.MOST_BLOCKS;

  // The chunk in hand: locked, read, and offered up to but not including {@code offered}.
  private @Nullable RangeLock chunkLock;
  private int chunkBlocks;
  private int offered;

  private long lastSequence;

  /** {@link #blocksInDoubt} a moment ago, for whoever must not wait for a disk that hangs. */
  private volatile long blocksToldOf;

  /** Blocks read back since the last checkpoint. */
  private long sinceCheckpoint;

  /**
   * What will be left of the doubt once the record is durable up to a sequence.
   *
   * @param left grows with what is added meanwhile
   */
  private record Checkpoint(long sequence, List<Doubt.Range> left) {}

  /**
   * Begins with what the spool remembers.
   *
   * @param disk what is read
   * @param clockNs {@link System#nanoTime}, or what a test puts in its place
   */
  ReadBack(
      final Spool spool,
      final CaptureRing ring,
      final BackingReader disk,
      final LongSupplier clockNs)
      throws IOException {
    this.spool = spool;
    this.ring = ring;
    this.clockNs = clockNs;
    this.chunk = new DiskChunk(disk, spool.diskBytes(), arena);
    this.lastSequence = ring.baseSequence() - 1;
    this.retry = new RetryTimer(FIRST_RETRY_NS, LAST_RETRY_NS, clockNs.getAsLong());
    final Doubt before = spool.doubt();
    pending.addAll(before.ranges());
    pendingBlocks = before.blocks();
    unsettled = !before.isEmpty();
    blocksToldOf = pendingBlocks;
  }

  @Override
  public void add(final Doubt more) throws IOException {
    synchronized (this) {
      spool.addDoubt(more);
      final Doubt all = new Doubt(pending).plus(more); // it may be in there already
      pending.clear();
      pending.addAll(all.ranges());
      pendingBlocks = all.blocks();
      blocksToldOf = blocksInDoubt();
      if (checkpoint != null) {
        checkpoint.left().addAll(more.ranges());
      }
      unsettled = true;
      LockSupport.unpark(waiter);
    }
  }

  /**
   * One step: a chunk is read, or offered, or the doubt is ended.
   *
   * @return whether there was something to do that could be done
   */
  boolean doWork() {
    blocksToldOf = blocksInDoubt();
    try {
      if (!ring.missed().isRecording()) {
        giveUpChunk(); // the guest is not to wait for it
        return false;
      }
      if (holdsRange()) {
        return offer();
      }
      if (reachedCheckpoint()) {
        return true;
      }
      if (isHeldBack()) {
        return false;
      }
      if (block < endBlock || takeRange()) {
        return readChunk();
      }
      return settle();
    } catch (final IOException e) {
      LOG.warn("blocks in doubt stay in doubt for now: {}", e.toString());
      retry.failed(clockNs.getAsLong());
      return false;
    }
  }

  /** Whether writes of the guest to a piece of the disk wait for {@link #doWork}. */
  boolean holdsRange() {
    return chunkLock != null;
  }

  /** Whether there are blocks to be read, and it is not known that they can not be. */
  boolean isBehind() {
    synchronized (this) {
      return holdsRange()
          || block < endBlock
          || !pending.isEmpty()
          || (retryAtOnce && !unread.isEmpty());
    }
  }

  /** Whether it is behind, and not by more than a stop can wait for. */
  boolean isAlmostDone() {
    return ring.diskLock() != null && isBehind() && !isLarge();
  }

  private boolean isLarge() {
    return blocksBehind() > Resync.MOST_BLOCKS;
  }

  /** How many blocks are still to be read. */
  synchronized long blocksBehind() {
    return pendingBlocks + endBlock - block;
  }

  private synchronized long blocksInDoubt() {
    return blocksBehind() + unreadBlocks;
  }

  /**
   * How many blocks are in doubt, those that could not be read counted, as of the last step: does
   * not wait. Any thread.
   */
  long blocksToldOf() {
    return blocksToldOf;
  }

  /** Whether the guest comes first: there is none yet, or it needs the room. */
  private boolean isHeldBack() {
    return ring.diskLock() == null
        || (isLarge() || leavesRoom)
            && (ring.claimed() - ring.released() > ring.slots() / 2
                || spool.bytes() > spool.limitBytes() / 2);
  }

  /**
   * Takes half of ring and spool at most, however little there is to be read: what the guest writes
   * would go unrecorded for it. Any thread.
   */
  void leaveRoom(final boolean always) {
    leavesRoom = always;
  }

  /** What could not be read is tried once more, now: nobody will later. Any thread. */
  void retryAtOnce() {
    synchronized (this) {
      retryAtOnce = true;
      LockSupport.unpark(waiter);
    }
  }

  /**
   * Waits for work, or for the time to be over; ended by {@link #add}, and by whoever wakes the
   * thread.
   */
  void awaitWork(final long mostNs) {
    final long timeNs;
    synchronized (this) {
      waiter = Thread.currentThread();
      final boolean soon = isBehind() && !isHeldBack();
      timeNs = soon ? TRY_NS : unsettled ? LOOK_NS : Long.MAX_VALUE;
    }
    LockSupport.parkNanos(Math.min(timeNs, mostNs));
  }

  /** Nothing is offered after this. Any thread. */
  void stop() {
    synchronized (this) {
      stopped = true;
    }
  }

  /** Lets go of its memory; a range that it holds is given back. */
  void close() {
    giveBackChunk();
    arena.close();
  }

  private boolean takeRange() {
    synchronized (this) {
      if (pending.isEmpty()
          && !unread.isEmpty()
          && (retryAtOnce || retry.isDue(clockNs.getAsLong()))) {
        retryAtOnce = false;
        pending.addAll(unread);
        unread.clear();
        unreadBlocks = 0;
      }
      if (pending.isEmpty()) {
        return false;
      }
      final Doubt joined = new Doubt(pending);
      final Doubt.Range range = joined.ranges().getFirst();
      pending.clear();
      pending.addAll(joined.ranges().subList(1, joined.ranges().size()));
      pendingBlocks = joined.blocks() - range.blocks();
      block = range.block();
      endBlock = range.block() + range.blocks();
      return true;
    }
  }

  private boolean readChunk() {
    final RangeLock lock = ring.diskLock();
    if (lock == null) {
      return false;
    }
    final int blocks = (int) Math.min(step, endBlock - block);
    if (!lock.tryLock(offset(block), length(blocks))) {
      step = Math.max(1, blocks / 2); // somebody always writes to some of it
      return false;
    }
    chunkLock = lock;
    chunkBlocks = blocks;
    offered = 0;
    step = Math.min(DiskChunk.MOST_BLOCKS, 2 * step);
    try {
      chunk.read(block, blocks);
      return true;
    } catch (final IOException e) {
      giveBackChunk();
      if (blocks > 1) {
        step = 1;
      } else {
        LOG.warn("block {} is in doubt and can not be read: {}", block, e.toString());
        synchronized (this) {
          unread.add(new Doubt.Range(block, 1));
          unreadBlocks++;
          block++;
        }
        retry.failed(clockNs.getAsLong());
      }
      return true;
    }
  }

  /** Offers what was read, as far as there is room; the range stays locked until all of it is. */
  private boolean offer() {
    while (offered < chunkBlocks) {
      final boolean zeroes = chunk.isZero(offered);
      int end = offered + 1;
      while (zeroes && end < chunkBlocks && chunk.isZero(end)) {
        end++;
      }
      final long sequence = offer(offered, zeroes ? end - offered : 0);
      if (sequence == QueueTap.FULL) {
        if (leavesRoom) {
          giveUpChunk(); // who waits for it would not be seen to wait for room
        }
        return false;
      }
      lastSequence = sequence;
      offered = end;
    }
    final int done = chunkBlocks;
    giveBackChunk();
    block += done;
    sinceCheckpoint += done;
    return true;
  }

  /** Whether more of the doubt could be forgotten. */
  private synchronized boolean reachedCheckpoint() throws IOException {
    if (checkpoint == null) {
      if (sinceCheckpoint >= Resync.MOST_BLOCKS && isBehind()) {
        final List<Doubt.Range> left = new ArrayList<>(pending);
        left.addAll(unread);
        if (block < endBlock) {
          left.add(new Doubt.Range(block, endBlock - block));
        }
        checkpoint = new Checkpoint(lastSequence, left);
        sinceCheckpoint = 0;
      }
      return false;
    }
    if (ring.durableSequence() < checkpoint.sequence()) {
      return false;
    }
    final Doubt left = new Doubt(checkpoint.left());
    spool.reduceDoubt(left);
    checkpoint = null;
    LOG.info("{} blocks are still in doubt and will be read back", left.blocks());
    return true;
  }

  /** A block of the chunk, or so many of zeroes from it on. */
  private synchronized long offer(final int i, final int zeroes) {
    if (stopped) {
      return QueueTap.FULL;
    }
    return zeroes > 0
        ? ring.offerZeroes(block + i, zeroes)
        : ring.offerBlock(RecordKind.RESYNC, block + i, chunk.memory(), chunk.offset(i));
  }

  /** What of the chunk is offered is done; the rest is read again. */
  private void giveUpChunk() {
    if (holdsRange()) {
      giveBackChunk();
      block += offered;
      sinceCheckpoint += offered;
    }
  }

  private void giveBackChunk() {
    final RangeLock lock = chunkLock;
    if (lock != null) {
      lock.unlock(offset(block), length(chunkBlocks));
      chunkLock = null;
      chunkBlocks = 0;
    }
  }

  /**
   * Forgets the doubt once what was read is durable.
   *
   * @return whether there was one
   */
  boolean settle() throws IOException {
    synchronized (this) {
      if (!unsettled || isBehind() || !unread.isEmpty()) {
        return false;
      }
      if (ring.durableSequence() < lastSequence) {
        return false;
      }
      spool.reduceDoubt(Doubt.NONE);
      checkpoint = null;
      sinceCheckpoint = 0;
      unsettled = false;
      retry.succeeded();
      LOG.info("disk and record agree again: what was in doubt is read back");
      return true;
    }
  }

  private static long offset(final long block) {
    return block * RecordDescriptor.BLOCK_BYTES;
  }

  private static long length(final int blocks) {
    return (long) blocks * RecordDescriptor.BLOCK_BYTES;
  }
}
