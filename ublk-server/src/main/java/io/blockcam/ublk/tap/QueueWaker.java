package io.blockcam.ublk.tap;

/** Wakes a queue's thread out of its wait for completions. */
@FunctionalInterface
public interface QueueWaker {

  /**
   * Makes the queue's thread look at its waiting requests soon. Any thread; cheap; calls between
   * two looks of the queue count as one.
   */
  void wake();
}
