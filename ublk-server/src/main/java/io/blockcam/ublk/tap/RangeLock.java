package io.blockcam.ublk.tap;

/**
 * Keeps the guest's writes away from some pieces of the disk for a while. Nobody waits here;
 * whoever is refused tries again. One thread; reads of the guest go on.
 */
public interface RangeLock {

  /** Longest range that may be asked for, in bytes. */
  long MAX_BYTES = 4L << 20;

  /** So many ranges may be held at a time. */
  int PLACES = 4;

  /**
   * Takes a range, or refuses because a write to it is in flight.
   *
   * @param place from 0, below {@link #PLACES}; none that is taken
   * @param offset first byte, a multiple of 4096
   * @param length in bytes, 1 to {@link #MAX_BYTES}
   * @return whether no write to the range is in flight, and none begins until {@link #unlock} with
   *     the same arguments
   */
  boolean tryLock(int place, long offset, long length);

  /** Gives back what {@link #tryLock} took, and wakes the writes that waited. */
  void unlock(int place, long offset, long length);
}
