/**
 * What a device can stand on: {@link io.blockcam.ublk.target.NullTarget nothing}, or {@link
 * io.blockcam.ublk.target.FileTarget a file or block device}.
 *
 * <p>A new target implements {@link io.blockcam.ublk.target.Target} (opened and closed by the
 * control thread) and {@link io.blockcam.ublk.target.TargetQueue} (a few callbacks, one instance
 * per queue, on the queue's thread, where nothing may allocate, block, lock, log or throw).
 */
@NullMarked
package io.blockcam.ublk.target;

import org.jspecify.annotations.NullMarked;
