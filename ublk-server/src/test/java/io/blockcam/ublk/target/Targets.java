package io.blockcam.ublk.target;

/** Lets tests of other packages have the file target's queue without a file. */
public final class Targets {

  private Targets() {}

  public static TargetQueue fileQueue(final QueueContext context) {
    return new FileTargetQueue(context);
  }
}
