package io.blockcam.ublk.target;

/**
 * One queue's part of a target. Queue thread only; nothing here may allocate, block, lock, log or
 * throw. Every request ends in exactly one {@link QueueContext#done}, at once or later.
 */
public interface TargetQueue {

  /**
   * Fills a tag's buffer from the target.
   *
   * @param tag the request
   * @param offset on the disk, in bytes
   * @param length in bytes, at least 512
   */
  void read(int tag, long offset, int length);

  /** Writes a tag's buffer; with {@code fua}, done only when the bytes are durable. */
  void write(int tag, long offset, int length, boolean fua);

  /** Makes durable all that was done before. */
  void flush(int tag);

  /**
   * Makes a range read back as zeroes.
   *
   * @param keepAllocated whether the space must stay allocated (WRITE_ZEROES with NOUNMAP)
   * @param fua whether done only when durable
   */
  void zero(int tag, long offset, long length, boolean keepAllocated, boolean fua);

  /** An entry that the target had prepared is complete. */
  void onCompletion(int tag, int step, int result);

  /** Somebody called the queue's waker: results of other threads may be waiting. */
  default void onWake() {}
}
