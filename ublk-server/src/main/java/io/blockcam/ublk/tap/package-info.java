/**
 * Where a queue shows every write to whoever records it, before the write reaches the target.
 *
 * <p>These interfaces are all that the ublk server knows of recording. Methods of {@link
 * io.blockcam.ublk.tap.QueueTap} run on the queue's own thread and must not allocate, block, lock,
 * log or throw.
 */
@NullMarked
package io.blockcam.ublk.tap;

import org.jspecify.annotations.NullMarked;
