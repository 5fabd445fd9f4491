package io.blockcam.ublk.tap;

/**
 * Sees every write of a device.
 *
 * <p>The queues serialise overlapping writes, across queues too, before they offer them: of two
 * writes to the same block the second is offered only after the first has been {@linkplain
 * QueueTap#complete completed}. So the order of the offers is the order in which the disk changed.
 */
public interface WriteTap {

  /**
   * Gives the tap a way to look at the disk while no write changes it. Called by the control
   * thread, once and before any {@link #openQueue}.
   *
   * @param lock for one thread of the tap's; may be used as long as the device's threads run, and
   *     after they have ended
   */
  void openDisk(RangeLock lock);

  /**
   * Gives one queue its own view of this tap. Called by the control thread, once per queue and
   * before the queue's thread starts.
   *
   * @param queueId 0 .. queues - 1
   * @param waker how the tap wakes that queue's thread; may be called from any thread, at any time,
   *     also after the device is gone
   * @return the queue's view, from then on used by the queue's thread alone
   */
  QueueTap openQueue(int queueId, QueueWaker waker);
}
