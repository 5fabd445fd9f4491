package io.blockcam.capture.ring;

import static io.blockcam.archive.record.RecordDescriptor.BLOCK_BYTES;
import static io.blockcam.archive.record.RecordDescriptor.BLOCK_SECTORS;
import static io.blockcam.archive.record.RecordDescriptor.SECTOR_BYTES;
import static io.blockcam.archive.record.RecordDescriptor.WHOLE_BLOCK;
import static io.blockcam.archive.record.RecordDescriptor.shape;
import static io.blockcam.capture.ring.SlabDescriptor.place;

import io.blockcam.archive.record.RecordFlags;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.ublk.tap.QueueTap;
import io.blockcam.ublk.tap.QueueWaker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicLong;

/**
 * One queue's offers to the ring.
 *
 * <p>Hot path: primitives and fixed offsets. Whatever could throw stands before the claim; a claim
 * that is never published would stop the ring.
 */
final class RingQueue implements QueueTap {
  private static final byte DATA = RecordKind.DATA.code();
  private static final byte ZEROES = RecordKind.ZEROES.code();
  private static final byte DISCARD = RecordKind.DISCARD.code();
  private static final MemorySegment ZERO_BLOCK =
      MemorySegment.ofArray(new byte[BLOCK_BYTES]).asReadOnly();

  /** Longest run of one record: u32, and no more than an int here. */
  private static final long MAX_RUN_BLOCKS = Integer.MAX_VALUE;

  private static final int NOT_WAITING = 0;

  private final CaptureRing ring;
  private final Slab slab;
  private final WallClock clock;
  private final QueueWaker waker;
  private final DurableRequests durableRequests = new DurableRequests();
  private final AtomicLong refused = new AtomicLong();
  private int slotsRefused = 1;
  private volatile int slotsWanted;
  private volatile boolean waitsForRegion;

  RingQueue(
      final CaptureRing ring, final Slab slab, final WallClock clock, final QueueWaker waker) {
    this.ring = ring;
    this.slab = slab;
    this.clock = clock;
    this.waker = waker;
  }

  @Override
  public boolean hasRoom(final long startSector, final long sectors, final boolean payload) {
    final int count =
        payload
            ? Math.ceilDiv((int) (startSector & BLOCK_SECTORS - 1) + (int) sectors, BLOCK_SECTORS)
            : zeroSlots(startSector, sectors);
    if (isAdmitted(count)) {
      return true;
    }
    refuse(count);
    return false;
  }

  @Override
  public boolean mayChange(final long startSector, final long sectors) {
    if (ring.regions().enter(startSector, sectors)) {
      return true;
    }
    waitsForRegion = true;
    VarHandle.fullFence(); // pairs with CaptureRing.wakeForRegions: region, then flag
    return ring.regions().enter(startSector, sectors);
  }

  @Override
  public void changed(final long startSector, final long sectors) {
    ring.regions().leave(startSector, sectors);
  }

  /** Slots of a zeroing: a head, runs, a tail. */
  private static int zeroSlots(final long startSector, final long sectors) {
    final long end = startSector + sectors;
    final long firstBlock = startSector / BLOCK_SECTORS;
    final long lastBlock = (end - 1) / BLOCK_SECTORS;
    if (firstBlock == lastBlock) {
      return 1;
    }
    final int head = (startSector & BLOCK_SECTORS - 1) != 0 ? 1 : 0;
    final int tail = (end & BLOCK_SECTORS - 1) != 0 ? 1 : 0;
    final long runBlocks = lastBlock + 1 - tail - (firstBlock + head);
    return (int) ((runBlocks + MAX_RUN_BLOCKS - 1) / MAX_RUN_BLOCKS) + head + tail;
  }

  /**
   * {@inheritDoc}
   *
   * @throws IllegalArgumentException before anything is claimed, when the arguments contradict each
   *     other: a bug of the caller
   */
  @Override
  public long offerWrite(
      final long startSector,
      final int sectors,
      final MemorySegment data,
      final long dataOffset,
      final boolean fua) {
    final long bytes = (long) sectors * SECTOR_BYTES;
    final int headSectors = (int) (startSector & BLOCK_SECTORS - 1);
    final int count = Math.ceilDiv(headSectors + sectors, BLOCK_SECTORS);
    if (sectors < 1
        || startSector < 0
        || dataOffset < 0
        || bytes > data.byteSize() - dataOffset
        || startSector > ring.diskSectors() - sectors
        || count > ring.slots()) {
      throw new IllegalArgumentException("a write that is empty, too long or out of range");
    }
    final long timestampNs = clock.nowNs();
    if (ring.missed().miss(startSector, sectors)) {
      return UNRECORDED;
    }
    final long first = ring.claim(count);
    if (first < 0) {
      return refuse(count);
    }
    final int endSectors = (headSectors + sectors) & BLOCK_SECTORS - 1;
    copyIn(first, count, headSectors * SECTOR_BYTES, endSectors * SECTOR_BYTES, data, dataOffset);

    final long block = startSector / BLOCK_SECTORS;
    final int flags = fua ? RecordFlags.FUA : 0;
    final int headMask = WHOLE_BLOCK << headSectors & WHOLE_BLOCK;
    final int tailMask = endSectors == 0 ? WHOLE_BLOCK : (1 << endSectors) - 1;
    for (int i = count - 1; i > 0; i--) {
      final int mask = i == count - 1 ? tailMask : WHOLE_BLOCK;
      slab.putHeader(
          first + i, timestampNs, block + i, shape(1, DATA, mask, flags), place(count, i), 0);
    }
    final int firstMask = count == 1 ? headMask & tailMask : headMask;
    slab.putHeader(
        first,
        timestampNs,
        block,
        shape(1, DATA, firstMask, flags | RecordFlags.FIRST),
        place(count, 0),
        0);
    return first;
  }

  /** One copy, two when the slots wrap; the sectors around it become zero. */
  private void copyIn(
      final long first,
      final int count,
      final int headBytes,
      final int endBytes,
      final MemorySegment data,
      final long dataOffset) {
    final MemorySegment memory = slab.memory();
    final long start = slab.payloadOffset(first);
    final int tailBytes = endBytes == 0 ? 0 : BLOCK_BYTES - endBytes;
    final long bytes = (long) count * BLOCK_BYTES - headBytes - tailBytes;
    final long toWrap = slab.slotsToWrap(first) * BLOCK_BYTES - headBytes;
    if (headBytes != 0) {
      MemorySegment.copy(ZERO_BLOCK, 0, memory, start, headBytes);
    }
    if (bytes <= toWrap) {
      MemorySegment.copy(data, dataOffset, memory, start + headBytes, bytes);
    } else {
      final long wrapped = start + headBytes + toWrap - (long) ring.slots() * BLOCK_BYTES;
      MemorySegment.copy(data, dataOffset, memory, start + headBytes, toWrap);
      MemorySegment.copy(data, dataOffset + toWrap, memory, wrapped, bytes - toWrap);
    }
    if (tailBytes != 0) {
      final long last = slab.payloadOffset(first + count - 1);
      MemorySegment.copy(ZERO_BLOCK, 0, memory, last + endBytes, tailBytes);
    }
  }

  /**
   * {@inheritDoc}
   *
   * @throws IllegalArgumentException before anything is claimed, when the range is impossible: a
   *     bug of the caller
   */
  @Override
  public long offerZeroes(
      final long startSector, final long sectors, final boolean discard, final boolean fua) {
    if (sectors < 1 || startSector < 0 || startSector > ring.diskSectors() - sectors) {
      throw new IllegalArgumentException("a zeroing that is empty or out of range");
    }
    final long end = startSector + sectors;
    final long firstBlock = startSector / BLOCK_SECTORS;
    final long lastBlock = (end - 1) / BLOCK_SECTORS;
    final int headSectors = (int) (startSector & BLOCK_SECTORS - 1);
    final int endSectors = (int) (end & BLOCK_SECTORS - 1);
    final int headMask = WHOLE_BLOCK << headSectors & WHOLE_BLOCK;
    final int tailMask = endSectors == 0 ? WHOLE_BLOCK : (1 << endSectors) - 1;

    final boolean oneBlock = firstBlock == lastBlock;
    final boolean hasHead = oneBlock || headSectors != 0;
    final boolean hasTail = !oneBlock && endSectors != 0;
    final long runFrom = hasHead ? firstBlock + 1 : firstBlock;
    final long runBlocks = (hasTail ? lastBlock : lastBlock + 1) - runFrom;
    final int count = zeroSlots(startSector, sectors);
    final long timestampNs = clock.nowNs();
    if (ring.missed().miss(startSector, sectors)) {
      return UNRECORDED;
    }
    final long first = ring.claim(count);
    if (first < 0) {
      return refuse(count);
    }
    final byte kind = discard ? DISCARD : ZEROES;
    final int flags = fua ? RecordFlags.FUA : 0;
    for (int i = count - 1; i >= 0; i--) {
      final long block;
      final long blocks;
      final int mask;
      if (i == 0 && hasHead) {
        block = firstBlock;
        blocks = 1;
        mask = oneBlock ? headMask & tailMask : headMask;
      } else if (i == count - 1 && hasTail) {
        block = lastBlock;
        blocks = 1;
        mask = tailMask;
      } else {
        final long done = (i - (hasHead ? 1 : 0)) * MAX_RUN_BLOCKS;
        block = runFrom + done;
        blocks = Math.min(runBlocks - done, MAX_RUN_BLOCKS);
        mask = WHOLE_BLOCK;
      }
      slab.putHeader(
          first + i,
          timestampNs,
          block,
          shape(blocks, kind, mask, i == 0 ? flags | RecordFlags.FIRST : flags),
          place(count, i),
          0);
    }
    return first;
  }

  @Override
  public long newest() {
    return ring.claimed();
  }

  @Override
  public long offerFlush() {
    if (ring.missed().isMissing()) {
      return UNRECORDED;
    }
    final long ticket = ring.offerFlush();
    return ticket == FULL ? refuse(1) : ticket;
  }

  @Override
  public void complete(final long ticket, final int result) {
    if (ticket != UNRECORDED) {
      ring.complete(ticket, result);
    }
  }

  @Override
  public void flushFailed() {
    ring.regions().distrust();
  }

  @Override
  public void requestDurable(final long ticket) {
    if (isSafe(ticket)) {
      waker.wake();
      return;
    }
    durableRequests.add(ticket);
    ring.wakeConsumer();
  }

  @Override
  public boolean isSafe(final long ticket) {
    return ring.isSafe(ticket);
  }

  @Override
  public void requestRoom() {
    slotsWanted = slotsRefused;
    VarHandle.fullFence(); // pairs with CaptureRing.release: room, then flag; here flag, then room
    if (isAdmitted(slotsRefused)) {
      slotsWanted = NOT_WAITING;
      waker.wake();
    }
  }

  private boolean isAdmitted(final int slots) {
    return ring.missed().isMissing() || ring.hasRoom(slots);
  }

  private long refuse(final int slots) {
    slotsRefused = slots;
    refused.lazySet(refused.getPlain() + 1);
    ring.toldNoRoom();
    return FULL;
  }

  // --- the consumer's side ---

  DurableRequests durableRequests() {
    return durableRequests;
  }

  void wakeForRoom() {
    final int wanted = slotsWanted;
    if (wanted != NOT_WAITING && isAdmitted(wanted)) {
      slotsWanted = NOT_WAITING;
      wake();
    }
  }

  void wakeForRegion() {
    if (waitsForRegion) {
      waitsForRegion = false;
      wake();
    }
  }

  void wake() {
    waker.wake();
  }

  boolean isWaitingForRoom() {
    return slotsWanted != NOT_WAITING;
  }

  long refusedOffers() {
    return refused.get();
  }
}
