package io.blockcam.ublk.target;

import java.io.IOException;

/**
 * What a device stands on. Opened before the device comes up, closed after it is gone; both by the
 * control thread.
 */
public interface Target extends AutoCloseable {

  /** What the device looks like to its users. */
  Geometry geometry();

  /**
   * Descriptors that a queue registers with its ring; {@link QueueContext#targetFile} gives their
   * places. They stay the target's and must stay open until {@link #close}. Called on the queue's
   * thread, before {@link #openQueue}.
   *
   * @param queueId 0 .. queues - 1
   */
  int[] files(int queueId) throws IOException;

  /**
   * Makes one queue's part. Called on the queue's thread, before the first request.
   *
   * @param context what the queue offers; valid for the life of the queue
   */
  TargetQueue openQueue(QueueContext context);

  /** A few words for messages: {@code file /srv/disk.img}. */
  String describe();

  @Override
  void close() throws IOException;
}
