/**
 * The loop that serves one hardware queue of a device.
 *
 * <p>One platform thread per queue owns the queue's ring, its buffers and all its state: ublk wants
 * FETCH and COMMIT of a tag from one task. On the way of an I/O nothing allocates, blocks, locks,
 * logs or throws, and every path ends in a commit of the tag.
 */
@NullMarked
package io.blockcam.ublk.queue;

import org.jspecify.annotations.NullMarked;
