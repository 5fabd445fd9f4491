/**
 * The ring: from a queue's offer to the consumer's look at it, without a lock.
 *
 * <p>{@link io.blockcam.ublk.tap.QueueTap} calls run on the queues' threads and must not allocate,
 * block, lock, log or throw. The consumer's side (published, release) runs on the one consumer
 * thread. Nothing here touches a disk: the slab is a file on tmpfs, written by plain stores, and
 * outlives the process.
 */
@NullMarked
package io.blockcam.capture.ring;

import org.jspecify.annotations.NullMarked;
