package io.blockcam.capture.ring;

import static io.blockcam.archive.record.RecordDescriptor.BLOCK_SECTORS;

import com.lmax.disruptor.InsufficientCapacityException;
import com.lmax.disruptor.MultiProducerSequencer;
import com.lmax.disruptor.Sequence;
import io.blockcam.archive.record.GapReason;
import io.blockcam.archive.record.RecordDescriptor;
import io.blockcam.archive.record.RecordFlags;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.ublk.tap.QueueTap;
import io.blockcam.ublk.tap.QueueWaker;
import io.blockcam.ublk.tap.RangeLock;
import io.blockcam.ublk.tap.WriteTap;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/**
 * The ring between the queues and the consumer: a Disruptor sequencer over the slots of a {@link
 * Slab}.
 *
 * <p>A write is claimed at its offer, which fixes its place in the order, and published when its
 * outcome is known. The consumer takes writes in order and whole, and hands their slots back whole.
 *
 * <p>All sequences here are sequences of records; the sequencer's own count from 0 in each epoch.
 */
public final class CaptureRing implements WriteTap {
  private static final long NO_CLAIM = -1;
  private static final int POINT_SLOTS = 1;
  private static final byte FLUSH = RecordKind.FLUSH.code();

  private final Slab slab;
  private final WallClock clock;
  private final DirtyRegions regions;
  private final MissedWrites missed;
  private final long base;
  private final long diskSectors;
  private final ParkingWaitStrategy waitStrategy;
  private final MultiProducerSequencer sequencer;
  private final Sequence released;
  private volatile RingQueue[] queues = {};
  private volatile @Nullable RangeLock diskLock;
  private volatile long durable;
  private volatile boolean closed;
  private volatile Runnable onRefused = () -> {};

  /**
   * Puts a ring over a fresh slab, which stays the caller's.
   *
   * @param regions of the disk
   * @param maxWriteSectors longest write that will be offered, in 512-byte units; the slab must
   *     hold it twice
   */
  public CaptureRing(
      final Slab slab,
      final WallClock clock,
      final DirtyRegions regions,
      final int maxWriteSectors) {
    final int slots = slab.header().slots();
    final int needed = 2 * slotsFor(maxWriteSectors);
    if (slots < needed) {
      throw new IllegalArgumentException(
          "a ring of %d slots does not hold two writes of %d sectors, that takes %d"
              .formatted(slots, maxWriteSectors, needed));
    }
    this.slab = slab;
    this.clock = clock;
    this.regions = regions;
    this.missed = new MissedWrites(slab.header().diskBytes());
    this.base = slab.header().baseSequence();
    this.diskSectors = slab.header().diskBytes() / RecordDescriptor.SECTOR_BYTES;
    this.durable = base - 1;
    this.waitStrategy = new ParkingWaitStrategy();
    this.sequencer = new MultiProducerSequencer(slots, waitStrategy);
    this.released = new Sequence();
    waitStrategy.attach(sequencer);
    sequencer.addGatingSequences(released);
  }

  /** Slots that a write of so many sectors takes when it is unaligned. */
  public static int slotsFor(final int sectors) {
    return Math.ceilDiv(sectors, BLOCK_SECTORS) + 1;
  }

  @Override
  public void openDisk(final RangeLock lock) {
    diskLock = lock;
  }

  /**
   * Keeps the guest's writes away from a piece of the disk.
   *
   * @return null until the device's queues are made: whatever was taken before that, they would
   *     know nothing of
   */
  public @Nullable RangeLock diskLock() {
    return diskLock;
  }

  @Override
  public synchronized QueueTap openQueue(final int queueId, final QueueWaker waker) {
    final RingQueue[] old = queues;
    final RingQueue queue = new RingQueue(this, slab, clock, waker);
    final RingQueue[] extended = Arrays.copyOf(old, old.length + 1);
    extended[old.length] = queue;
    queues = extended;
    return queue;
  }

  /**
   * Puts an event of the recorder into the order.
   *
   * @param kind a kind without blocks and payload
   * @param aux what the kind puts there
   * @return its sequence, or {@link QueueTap#FULL}
   */
  public long offerEvent(final RecordKind kind, final long aux) {
    if (kind.hasBlocks() || kind.hasPayload()) {
      throw new IllegalArgumentException("a record of kind " + kind + " is no event");
    }
    return putPoint(kind.code(), aux);
  }

  /**
   * Puts into the order that the wall clock was set.
   *
   * @return its sequence, or {@link QueueTap#FULL}
   */
  public long offerStep(final WallClock.Step step) {
    return put(step.recordNs(), RecordKind.CLOCK_STEP.code(), 0, 0, 0, step.shownNs());
  }

  /**
   * Puts into the order that blocks were found to hold zeroes.
   *
   * @param block the first of them
   * @param blocks how many, 1 to 2^31-1
   * @return its sequence, or {@link QueueTap#FULL}
   */
  public long offerZeroes(final long block, final long blocks) {
    return put(RecordKind.ZEROES.code(), block, blocks, RecordDescriptor.WHOLE_BLOCK, 0);
  }

  /**
   * Puts the content of a block into the order that no guest wrote.
   *
   * @param kind {@link RecordKind#BASELINE} or {@link RecordKind#RESYNC}
   * @param block which one
   * @param data where its 4096 bytes lie
   * @param dataOffset of the first byte in {@code data}
   * @return its sequence, or {@link QueueTap#FULL}
   */
  public long offerBlock(
      final RecordKind kind, final long block, final MemorySegment data, final long dataOffset) {
    if (kind != RecordKind.BASELINE && kind != RecordKind.RESYNC) {
      throw new IllegalArgumentException("a record of kind " + kind + " is no block as found");
    }
    final long timestampNs = clock.nowNs();
    final long sequence = claimEvent();
    if (sequence == NO_CLAIM) {
      return QueueTap.FULL;
    }
    MemorySegment.copy(
        data,
        dataOffset,
        slab.memory(),
        slab.payloadOffset(sequence),
        RecordDescriptor.BLOCK_BYTES);
    slab.putHeader(
        sequence,
        timestampNs,
        block,
        RecordDescriptor.shape(1, kind.code(), RecordDescriptor.WHOLE_BLOCK, RecordFlags.FIRST),
        SlabDescriptor.place(POINT_SLOTS, 0),
        0);
    complete(sequence, 0);
    return sequence;
  }

  /**
   * Puts a name for this moment into the order.
   *
   * @param text 1 to 4096 bytes
   * @return its sequence, or {@link QueueTap#FULL}
   */
  public long offerMark(final byte[] text) {
    if (text.length == 0 || text.length > RecordDescriptor.BLOCK_BYTES) {
      throw new IllegalArgumentException("a mark of " + text.length + " bytes");
    }
    final long timestampNs = clock.nowNs();
    final long sequence = claimEvent();
    if (sequence == NO_CLAIM) {
      return QueueTap.FULL;
    }
    final MemorySegment payload =
        slab.memory().asSlice(slab.payloadOffset(sequence), RecordDescriptor.BLOCK_BYTES);
    payload.fill((byte) 0);
    MemorySegment.copy(text, 0, payload, ValueLayout.JAVA_BYTE, 0, text.length);
    slab.putHeader(
        sequence,
        timestampNs,
        0,
        RecordDescriptor.shape(0, RecordKind.MARK.code(), 0, RecordFlags.FIRST),
        SlabDescriptor.place(POINT_SLOTS, 0),
        0);
    complete(sequence, 0);
    return sequence;
  }

  // --- writes that are not recorded: one thread ---

  /** Where they have been. */
  public MissedWrites missed() {
    return missed;
  }

  /** Says how it is told that a queue finds no room: on the queue's thread, each time. */
  public void onRefused(final Runnable listener) {
    onRefused = listener;
  }

  /**
   * From now on the queues' writes are done and not recorded, and nothing else is: so whatever
   * names them will stand right behind what was recorded before. Flushes wait for the disk alone.
   */
  public void beginMissing() {
    missed.begin();
    wakeQueues();
  }

  /**
   * From now on writes wait.
   *
   * @return where writes went unrecorded, in {@linkplain MissedWrites#unitBlocks units}
   */
  public BitSet takeMissed() {
    missed.hold();
    return missed.take();
  }

  /**
   * Puts into the order that writes to a run of blocks were not recorded.
   *
   * @param blocks 1 to 2^31-1
   * @return its sequence, or {@link QueueTap#FULL}
   */
  public long offerGap(final long block, final long blocks, final GapReason why) {
    final long timestampNs = clock.nowNs();
    final long sequence = claimAlways(POINT_SLOTS);
    return put(
        sequence,
        timestampNs,
        RecordDescriptor.shape(
            blocks, RecordKind.GAP.code(), RecordDescriptor.WHOLE_BLOCK, RecordFlags.FIRST),
        block,
        why.code());
  }

  /** From now on writes are recorded. */
  public void endMissing() {
    missed.end();
    wakeQueues();
  }

  private void wakeQueues() {
    for (final RingQueue queue : queues) {
      queue.wakeForRoom();
      queue.wake(); // and for what need not be durable any more
    }
  }

  /**
   * Refuses every offer of the queues from now on. Claimed writes may still be completed, events
   * still be offered.
   */
  public void refuseOffers() {
    closed = true;
  }

  // --- the queues' side ---

  /** The regions of the disk. */
  public DirtyRegions regions() {
    return regions;
  }

  long diskSectors() {
    return diskSectors;
  }

  boolean hasRoom(final int slots) {
    return !closed && missed.isRecording() && sequencer.hasAvailableCapacity(slots);
  }

  /** The first of so many consecutive sequences for a queue, or -1. */
  long claim(final int slots) {
    return closed || !missed.isRecording() ? NO_CLAIM : claimAlways(slots);
  }

  private long claimEvent() {
    return missed.isRecording() ? claimAlways(POINT_SLOTS) : NO_CLAIM;
  }

  private long claimAlways(final int slots) {
    try {
      return base + sequencer.tryNext(slots) - slots + 1;
    } catch (final InsufficientCapacityException e) {
      return NO_CLAIM; // a preallocated exception; rare after hasRoom
    }
  }

  long offerFlush() {
    return hasRoom(POINT_SLOTS) ? putPoint(FLUSH, 0) : QueueTap.FULL;
  }

  private long putPoint(final byte kindCode, final long aux) {
    return put(kindCode, 0, 0, 0, aux);
  }

  private long put(
      final byte kindCode,
      final long block,
      final long blocks,
      final int sectorMask,
      final long aux) {
    return put(clock.nowNs(), kindCode, block, blocks, sectorMask, aux);
  }

  /** A record without payload, in one slot. */
  private long put(
      final long timestampNs,
      final byte kindCode,
      final long block,
      final long blocks,
      final int sectorMask,
      final long aux) {
    return put(
        claimEvent(),
        timestampNs,
        RecordDescriptor.shape(blocks, kindCode, sectorMask, RecordFlags.FIRST),
        block,
        aux);
  }

  private long put(
      final long sequence,
      final long timestampNs,
      final long shape,
      final long block,
      final long aux) {
    if (sequence == NO_CLAIM) {
      return QueueTap.FULL;
    }
    slab.putHeader(sequence, timestampNs, block, shape, SlabDescriptor.place(POINT_SLOTS, 0), aux);
    complete(sequence, 0);
    return sequence;
  }

  void complete(final long first, final int result) {
    slab.putOutcome(first, result);
    final long lowest = first - base;
    sequencer.publish(lowest, lowest + slab.count(first) - 1);
  }

  /**
   * Whether nobody has to wait for this record to be durable: it is, or writes go unrecorded. Then
   * after a power cut all regions that were written to are read back.
   */
  boolean isSafe(final long sequence) {
    return durable >= sequence || !missed.isRecording();
  }

  void toldNoRoom() {
    onRefused.run();
  }

  void wakeConsumer() {
    waitStrategy.wake();
  }

  // --- the consumer's side ---

  /** The slots. */
  public Slab slab() {
    return slab;
  }

  /** Sequence of the first record of the epoch. */
  public long baseSequence() {
    return base;
  }

  /** Capacity in slots. */
  public int slots() {
    return slab.header().slots();
  }

  /** Sequence of the newest record claimed, base - 1 when there is none. */
  public long claimed() {
    return base + sequencer.getCursor();
  }

  /** Sequence of the newest record handed back, base - 1 when there is none. */
  public long released() {
    return base + released.get();
  }

  /**
   * How far records are published without a hole.
   *
   * @param from first sequence not yet taken
   * @param limit most records to look at
   * @return the last of them, {@code from - 1} when there is none
   */
  public long published(final long from, final int limit) {
    final long lowest = from - base;
    final long highest = Math.min(sequencer.getCursor(), lowest + limit - 1);
    return base + sequencer.getHighestPublishedSequence(lowest, highest);
  }

  /** Whether this record is published. */
  public boolean isPublished(final long sequence) {
    return sequencer.isAvailable(sequence - base);
  }

  /**
   * Waits until the record is published, somebody wakes the consumer, or the time is over.
   *
   * @param spinNs see {@link ParkingWaitStrategy#await}
   */
  public void await(final long sequence, final long timeoutNs, final long spinNs) {
    waitStrategy.await(sequence - base, timeoutNs, spinNs);
  }

  /** Ends the consumer's wait. Any thread. */
  public void wake() {
    waitStrategy.wake();
  }

  /**
   * Hands slots back and wakes the queues that now find the room they asked for.
   *
   * @param through last record of a write that is in the spool's files
   */
  public void release(final long through) {
    released.set(through - base);
    VarHandle
        .fullFence(); // pairs with RingQueue.requestRoom: flag, then room; here room, then flag
    for (final RingQueue queue : queues) {
      queue.wakeForRoom();
    }
  }

  /**
   * Takes the queues' requests for durability.
   *
   * @return whether one of them can be served by making everything through {@code appended} durable
   */
  public boolean wantsForce(final long appended) {
    boolean wanted = false;
    for (final RingQueue queue : queues) {
      wanted |= queue.durableRequests().drain(appended);
    }
    return wanted;
  }

  /** Whether a queue waits for something to be durable that is not published yet. */
  public boolean isForceAwaited() {
    for (final RingQueue queue : queues) {
      if (queue.durableRequests().isWaiting()) {
        return true;
      }
    }
    return false;
  }

  /**
   * Says that the spool is durable, and wakes the queues that waited for that.
   *
   * @param through last record of a write
   */
  public void madeDurable(final long through) {
    durable = through;
    for (final RingQueue queue : queues) {
      if (queue.durableRequests().served(through)) {
        queue.wake();
      }
    }
  }

  /** Newest durable record, base - 1 before the first. Any thread. */
  public long durableSequence() {
    return durable;
  }

  /** Wakes the queues that wait for a region. */
  public void wakeForRegions() {
    VarHandle.fullFence(); // pairs with RingQueue.mayChange
    for (final RingQueue queue : queues) {
      queue.wakeForRegion();
    }
  }

  /** Queues whose offers found no room and that have not been woken since. Any thread. */
  public int queuesWaitingForRoom() {
    int waiting = 0;
    for (final RingQueue queue : queues) {
      waiting += queue.isWaitingForRoom() ? 1 : 0;
    }
    return waiting;
  }

  /** Offers that found no room, since the start. Any thread. */
  public long refusedOffers() {
    long refused = 0;
    for (final RingQueue queue : queues) {
      refused += queue.refusedOffers();
    }
    return refused;
  }
}
