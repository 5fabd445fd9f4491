package io.blockcam.ublk.target;

import java.util.concurrent.atomic.AtomicInteger;

/** Lets tests of other packages have the file target's queue without a file. */
public final class Targets {

  private Targets() {}

  /**
   * @param direct whether the file bypasses the page cache
   * @param syncFailures shared by all queues of the target
   */
  public static TargetQueue fileQueue(
      final QueueContext context, final boolean direct, final AtomicInteger syncFailures) {
    return new FileTargetQueue(context, direct, /* punches= */ true, syncFailures);
  }
}
