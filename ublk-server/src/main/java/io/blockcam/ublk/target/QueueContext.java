package io.blockcam.ublk.target;

import io.blockcam.uring.IoUring;
import java.lang.foreign.MemorySegment;

/** What a queue offers its target. Queue thread only, but for {@link #wake}. */
public interface QueueContext {

  /** 0 .. queues - 1. */
  int queueId();

  /** How many requests can be in flight; tags are 0 .. depth - 1. */
  int depth();

  /** The queue's ring. Entries prepared on it are submitted when the queue next waits. */
  IoUring ring();

  /** All I/O buffers of the queue. */
  MemorySegment buffers();

  /** Where the buffer of a tag starts in {@link #buffers()}. */
  long bufferOffset(int tag);

  /** Place of the target's file {@code i} in the ring's table of registered files. */
  int targetFile(int i);

  /**
   * User data for an entry of the target's own.
   *
   * @param tag the request it belongs to
   * @param step any number from 0 to 255; comes back in {@link TargetQueue#onCompletion}
   */
  long userData(int tag, int step);

  /**
   * Makes the queue call {@link TargetQueue#onWake} soon: there are results of other threads. Any
   * thread; cheap; calls between two looks of the queue count as one.
   */
  void wake();

  /**
   * Ends a request, at once or later.
   *
   * @param tag the request
   * @param result bytes read for a READ (always all of them), at least 0 for the others, or {@code
   *     -errno}
   */
  void done(int tag, int result);
}
