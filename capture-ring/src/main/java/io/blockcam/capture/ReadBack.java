package io.blockcam.capture;

import io.blockcam.archive.record.RecordDescriptor;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.capture.disk.BackingReader;
import io.blockcam.capture.disk.DiskChunk;
import io.blockcam.capture.ring.CaptureRing;
import io.blockcam.capture.spool.BlockRanges;
import io.blockcam.capture.spool.Doubt;
import io.blockcam.capture.spool.Doubts;
import io.blockcam.capture.spool.Spool;
import io.blockcam.ublk.tap.QueueTap;
import io.blockcam.ublk.tap.RangeLock;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ends a doubt that arose while the device is live: keeps the guest's writes away from a piece of
 * the disk, has it read, and offers what it holds to the ring, so that in the order of the record
 * it stands where it was true. A few pieces are read at a time.
 *
 * <p>The doubt stays in the spool until what was read is durable there. Blocks that can not be read
 * stay in it, and are tried again later. A doubt of more than a start would wait for, all of a disk
 * say, gives way to the guest: it takes half of ring and spool at most, keeps to a rate, and what
 * is done of it is noted down on the way. What little a failed write leaves does not wait for it.
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

  /** 16 MiB: a doubt of no more is read before all others. */
  private static final long SMALL_BLOCKS = 1L << 12;

  /** Between two looks whether what was read back is durable. */
  private static final long LOOK_NS = 100_000_000L;

  private final Spool spool;
  private final CaptureRing ring;
  private final List<Piece> pieces = new ArrayList<>();
  private final LongSupplier clockNs;
  private final Arena arena = Arena.ofShared();
  private @Nullable Thread waiter;

  // Guarded by this: what is to be read, and whether the spool remembers any.
  private final BlockRanges soon = new BlockRanges();

  private final BlockRanges later = new BlockRanges();
  private @Nullable Checkpoint checkpoint;
  private boolean unsettled;
  private boolean stopped;

  /** Could not be read, to be tried again when {@link #retry} says. */
  private final BlockRanges unread = new BlockRanges();

  private final RetryTimer retry;
  private boolean retryAtOnce;
  private volatile boolean leavesRoom;

  // The range in hand, of which the next piece is taken, and how much of it at a time.
  private long block;
  private long endBlock;
  private boolean isOfLater;
  private int step = DiskChunk.MOST_BLOCKS;

  private final long bytesPerSecond;

  /** Of what is read later, no piece is begun before. */
  private long nextPieceNs;

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
  private record Checkpoint(long sequence, BlockRanges left) {}

  /**
   * Begins with what the spool remembers.
   *
   * @param disk what is read
   * @param readers read it: as many as there are pieces at a time, or less
   * @param bytesPerSecond how fast a large doubt is read at most
   * @param clockNs {@link System#nanoTime}, or what a test puts in its place
   */
  ReadBack(
      final Spool spool,
      final CaptureRing ring,
      final BackingReader disk,
      final Executor readers,
      final long bytesPerSecond,
      final LongSupplier clockNs)
      throws IOException {
    this.spool = spool;
    this.ring = ring;
    this.clockNs = clockNs;
    this.bytesPerSecond = bytesPerSecond;
    this.nextPieceNs = clockNs.getAsLong();
    for (int place = 0; place < RangeLock.PLACES; place++) {
      pieces.add(new Piece(place, disk, spool.diskBytes(), arena, readers, this::wake));
    }
    this.lastSequence = ring.baseSequence() - 1;
    this.retry = new RetryTimer(FIRST_RETRY_NS, LAST_RETRY_NS, clockNs.getAsLong());
    later.addAll(spool.doubt());
    unsettled = !later.isEmpty();
    blocksToldOf = later.blocks();
  }

  @Override
  public void add(final Doubt more) throws IOException {
    synchronized (this) {
      spool.addDoubt(more);
      final BlockRanges queue = more.blocks() <= SMALL_BLOCKS ? soon : later;
      queue.addAll(more);
      queue.joinIfMoreThan(Doubt.MOST_RANGES);
      blocksToldOf = blocksInDoubt();
      if (checkpoint != null) {
        checkpoint.left().addAll(more);
      }
      unsettled = true;
      LockSupport.unpark(waiter);
    }
  }

  /**
   * One step: a piece is begun, or offered, or the doubt is ended.
   *
   * @param mayBegin whether pieces may be begun: until none is held else, somebody waits
   * @return whether there was something to do that could be done
   */
  boolean doWork(final boolean mayBegin) {
    blocksToldOf = blocksInDoubt();
    try {
      if (!ring.missed().isRecording()) {
        pieces.forEach(this::giveUp); // the guest is not to wait for them
        return false;
      }
      boolean done = false;
      boolean reading = false;
      for (final Piece piece : pieces) {
        done |= piece.isRead() && take(piece);
        reading |= piece.isReading();
      }
      if (done || reachedCheckpoint()) {
        return true;
      }
      putRangeBack();
      if (mayBegin && (block < endBlock || takeRange()) && !isHeldBack()) {
        return beginPiece();
      }
      return !reading && settle();
    } catch (final IOException e) {
      LOG.warn("blocks in doubt stay in doubt for now: {}", e.toString());
      retry.failed(clockNs.getAsLong());
      return false;
    }
  }

  /** Whether writes of the guest to a piece of the disk wait for {@link #doWork}. */
  boolean holdsRange() {
    return pieces.stream().anyMatch(Piece::isHeld);
  }

  /** Whether there are blocks to be read, and it is not known that they can not be. */
  boolean isBehind() {
    synchronized (this) {
      return blocksBehind() > 0 || (retryAtOnce && !unread.isEmpty());
    }
  }

  /** Whether it is behind, and not by more than a stop can wait for. */
  boolean isAlmostDone() {
    return ring.diskLock() != null && isBehind() && !isLarge();
  }

  private boolean isLarge() {
    return blocksBehind() > Resync.MOST_BLOCKS;
  }

  /** How many blocks are still to be read, or to be offered. */
  synchronized long blocksBehind() {
    long held = 0;
    for (final Piece piece : pieces) {
      held += piece.isHeld() ? piece.blocks() - piece.offered() : 0;
    }
    return soon.blocks() + later.blocks() + endBlock - block + held;
  }

  private synchronized long blocksInDoubt() {
    return blocksBehind() + unread.blocks();
  }

  /** Whether the guest comes first: there is none yet, or it needs the room. */
  private boolean isHeldBack() {
    final boolean isLong = isOfLater && isLarge();
    return ring.diskLock() == null
        || (isLong && nextPieceNs - clockNs.getAsLong() > 0)
        || (isLong || leavesRoom)
            && (ring.claimed() - ring.released() > ring.slots() / 2
                || spool.bytes() > spool.limitBytes() / 2);
  }

  /**
   * How many blocks are in doubt, those that could not be read counted, as of the last step: does
   * not wait. Any thread.
   */
  long blocksToldOf() {
    return blocksToldOf;
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
      final boolean mayTry =
          isBehind() && !isHeldBack() && !pieces.stream().allMatch(Piece::isReading);
      timeNs = mayTry ? TRY_NS : unsettled ? untilLookNs() : Long.MAX_VALUE;
    }
    LockSupport.parkNanos(Math.min(timeNs, mostNs));
  }

  private long untilLookNs() {
    final long pieceNs = nextPieceNs - clockNs.getAsLong();
    return pieceNs > 0 ? Math.min(pieceNs, LOOK_NS) : LOOK_NS;
  }

  private void wake() {
    synchronized (this) {
      LockSupport.unpark(waiter);
    }
  }

  /** Nothing is offered after this. Any thread. */
  void stop() {
    synchronized (this) {
      stopped = true;
    }
  }

  /** Whether somebody still reads the disk into its memory. Any thread. */
  boolean isReading() {
    return pieces.stream().anyMatch(Piece::isReading);
  }

  /** Lets go of its memory, into which nobody may read any more; its ranges are given back. */
  void close() {
    pieces.forEach(this::giveBack);
    arena.close();
  }

  private boolean takeRange() {
    synchronized (this) {
      if (!unread.isEmpty()
          && soon.isEmpty()
          && later.isEmpty()
          && (retryAtOnce || retry.isDue(clockNs.getAsLong()))) {
        retryAtOnce = false;
        soon.addAll(unread);
        unread.clear();
      }
      isOfLater = soon.isEmpty();
      final BlockRanges queue = isOfLater ? later : soon;
      if (queue.isEmpty()) {
        return false;
      }
      final Doubt.Range range = queue.removeFirst();
      block = range.block();
      endBlock = range.block() + range.blocks();
      return true;
    }
  }

  /** What has come meanwhile and is small goes first. */
  private void putRangeBack() {
    synchronized (this) {
      if (isOfLater && !soon.isEmpty() && block < endBlock) {
        later.add(new Doubt.Range(block, endBlock - block));
        block = endBlock;
      }
    }
  }

  private boolean beginPiece() {
    final RangeLock lock = ring.diskLock();
    final Optional<Piece> free = pieces.stream().filter(Piece::isFree).findFirst();
    if (lock == null || free.isEmpty() || (block == endBlock && !takeRange())) {
      return false;
    }
    final Piece piece = free.get();
    final int blocks = (int) Math.min(step, endBlock - block);
    if (!lock.tryLock(piece.place(), offset(block), length(blocks))) {
      step = Math.max(1, blocks / 2); // somebody always writes to some of it
      return false;
    }
    step = Math.min(DiskChunk.MOST_BLOCKS, 2 * step);
    final long from = block;
    synchronized (this) {
      block += blocks;
      piece.begin(from, blocks);
    }
    if (isOfLater) {
      final long pieceNs = (long) (length(blocks) * 1e9 / bytesPerSecond);
      nextPieceNs = Math.max(nextPieceNs, clockNs.getAsLong()) + pieceNs;
    }
    return true;
  }

  /**
   * Does something with a piece that was read.
   *
   * @return whether that could be done
   */
  private boolean take(final Piece piece) {
    final IOException error = piece.error();
    if (error == null) {
      return offer(piece);
    }
    synchronized (this) {
      final Doubt.Range range = new Doubt.Range(piece.block(), piece.blocks());
      giveBack(piece);
      if (range.blocks() == 1) {
        LOG.warn("block {} is in doubt and can not be read: {}", range.block(), error.toString());
        unread.add(range);
        retry.failed(clockNs.getAsLong());
      } else { // block by block: one bad sector is no reason to know nothing
        soon.add(range);
        step = 1;
      }
    }
    return true;
  }

  /** Offers what was read, as far as there is room; the range stays locked until all of it is. */
  private boolean offer(final Piece piece) {
    while (piece.offered() < piece.blocks()) {
      final int from = piece.offered();
      final boolean zeroes = piece.chunk().isZero(from);
      int end = from + 1;
      while (zeroes && end < piece.blocks() && piece.chunk().isZero(end)) {
        end++;
      }
      final long sequence = offer(piece, from, zeroes ? end - from : 0);
      if (sequence == QueueTap.FULL) {
        if (leavesRoom) {
          giveUp(piece); // who waits for it would not be seen to wait for room
        }
        return false;
      }
      lastSequence = sequence;
      piece.offeredUpTo(end);
    }
    sinceCheckpoint += piece.blocks();
    giveBack(piece);
    return true;
  }

  /** Whether more of the doubt could be forgotten. */
  private synchronized boolean reachedCheckpoint() throws IOException {
    if (checkpoint == null) {
      if (sinceCheckpoint >= Resync.MOST_BLOCKS && isBehind()) {
        final BlockRanges left = new BlockRanges();
        left.addAll(soon);
        left.addAll(later);
        left.addAll(unread);
        if (block < endBlock) {
          left.add(new Doubt.Range(block, endBlock - block));
        }
        for (final Piece piece : pieces) {
          if (piece.isHeld()) {
            left.add(new Doubt.Range(piece.block(), piece.blocks()));
          }
        }
        checkpoint = new Checkpoint(lastSequence, left);
        sinceCheckpoint = 0;
      }
      return false;
    }
    if (ring.durableSequence() < checkpoint.sequence()) {
      return false;
    }
    final Doubt left = checkpoint.left().toDoubt();
    spool.reduceDoubt(left);
    checkpoint = null;
    LOG.info("{} blocks are still in doubt and will be read back", left.blocks());
    return true;
  }

  /** A block of a piece, or so many of zeroes from it on. */
  private synchronized long offer(final Piece piece, final int i, final int zeroes) {
    if (stopped) {
      return QueueTap.FULL;
    }
    final long at = piece.block() + i;
    final DiskChunk content = piece.chunk();
    return zeroes > 0
        ? ring.offerZeroes(at, zeroes)
        : ring.offerBlock(RecordKind.RESYNC, at, content.memory(), content.offset(i));
  }

  /** What of a piece is offered is done; the rest is read again. */
  private void giveUp(final Piece piece) {
    if (piece.isHeld()) {
      synchronized (this) {
        final long from = piece.block() + piece.offered();
        final int left = piece.blocks() - piece.offered();
        sinceCheckpoint += piece.offered();
        giveBack(piece);
        soon.add(new Doubt.Range(from, left));
      }
    }
  }

  private synchronized void giveBack(final Piece piece) {
    final RangeLock lock = ring.diskLock();
    if (piece.isHeld()) {
      if (lock != null) {
        lock.unlock(piece.place(), offset(piece.block()), length(piece.blocks()));
      }
      piece.forget();
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
