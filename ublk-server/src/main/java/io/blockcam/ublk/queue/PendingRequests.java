package io.blockcam.ublk.queue;

/**
 * The requests of a queue, for whoever watches over them. Any thread: what it reads is a little old
 * or, rarely, of two moments; good enough to see that something has stood still for seconds.
 */
interface PendingRequests {

  /** How many tags there are. */
  int requests();

  /** Changes with every request that the tag carries. */
  int generation(int tag);

  /** Whether the guest waits for an answer. */
  boolean isPending(int tag);

  /** The request and what it waits for, in one line. */
  String describe(int tag);
}
