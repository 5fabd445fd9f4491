/**
 * The spool: sealed segments on a local disk, waiting to be shipped, and the one that is open.
 *
 * <p>{@link io.blockcam.capture.spool.SpoolWriter} belongs to the ring consumer's thread and is the
 * only one that waits for the disk. {@link io.blockcam.capture.spool.Spool} is shared with the
 * uploader's thread; its lock is never held across a disk operation. No queue thread comes here.
 */
@NullMarked
package io.blockcam.capture.spool;

import org.jspecify.annotations.NullMarked;
