package io.blockcam.ublk.tap;

import java.lang.foreign.MemorySegment;

/**
 * One queue's view of a {@link WriteTap}.
 *
 * <p>Hot path. Every method runs on the queue's thread and neither allocates, blocks, locks, logs
 * nor throws.
 */
public interface QueueTap {

  /** Answer of an offer that found no room: the request keeps its tag and waits. */
  long FULL = -1;

  /**
   * Answer of an offer that was not taken and need not be: the request is served as if it were,
   * with this for a ticket, which is always {@linkplain #isSafe safe}.
   */
  long UNRECORDED = -2;

  /** A ticket of nothing that could be waited for: {@linkplain #isSafe safe}, too. */
  long NOTHING = -3;

  /**
   * Whether an offer of so much would find room now. Another queue may take it meanwhile: the offer
   * itself may still answer {@link #FULL}. After false, {@link #requestRoom} asks for this much.
   *
   * @param startSector first sector, in 512-byte units
   * @param sectors length, in 512-byte units, at least 1
   * @param payload whether the bytes are taken, too: a write, not a zeroing
   */
  boolean hasRoom(long startSector, long sectors, boolean payload);

  /**
   * Whether a range may be changed on the target. If so it counts as being changed until {@link
   * #changed}, once, with the same arguments; if not, the queue's waker fires when it is time to
   * ask again.
   *
   * @param startSector first sector, in 512-byte units
   * @param sectors length, in 512-byte units, at least 1
   */
  boolean mayChange(long startSector, long sectors);

  /** The target is done with a change that {@link #mayChange} has allowed, or it was not begun. */
  void changed(long startSector, long sectors);

  /**
   * Takes a snapshot of a write: its place in the order, its time, its bytes.
   *
   * @param startSector first sector, in 512-byte units
   * @param sectors length, in 512-byte units, at least 1
   * @param data where the bytes lie; stays the caller's, is read only during the call
   * @param dataOffset of the first byte in {@code data}
   * @param fua whether the write must be durable before it is acknowledged
   * @return a ticket, at least 0, {@link #UNRECORDED} or {@link #FULL}
   */
  long offerWrite(long startSector, int sectors, MemorySegment data, long dataOffset, boolean fua);

  /**
   * Takes note of a range that is to read back as zeroes.
   *
   * @param startSector first sector, in 512-byte units
   * @param sectors length, in 512-byte units, at least 1
   * @param discard whether the guest discarded the range (otherwise it wrote zeroes)
   * @param fua whether the change must be durable before it is acknowledged
   * @return a ticket, at least 0, {@link #UNRECORDED} or {@link #FULL}
   */
  long offerZeroes(long startSector, long sectors, boolean discard, boolean fua);

  /**
   * The newest ticket that any queue was given: everything that was completed so far stands at or
   * before it in the order.
   */
  long newest();

  /**
   * Takes note of a flush that has succeeded: target and record are durable.
   *
   * @return a ticket, at least 0, {@link #UNRECORDED} or {@link #FULL}
   */
  long offerFlush();

  /**
   * Tells how a write or zeroing ended on the target. Exactly once for every ticket of {@link
   * #offerWrite} and {@link #offerZeroes}, never for a flush.
   *
   * @param ticket what the offer answered
   * @param result at least 0 when the target has the data, {@code -errno} when it failed
   */
  void complete(long ticket, int result);

  /**
   * Takes note that a flush of the target has failed: what it had taken may be lost, and no later
   * flush will tell.
   */
  void flushFailed();

  /**
   * Asks that the record be durable up to and including a ticket. The queue's waker fires when it
   * is.
   */
  void requestDurable(long ticket);

  /**
   * Whether a request that has to outlive a power cut may be answered, as far as the record is
   * concerned: it is durable up to and including a ticket, or need not be.
   */
  boolean isSafe(long ticket);

  /**
   * After {@link #FULL} or {@link #hasRoom} false: asks that the queue's waker fire when room was
   * made.
   */
  void requestRoom();
}
