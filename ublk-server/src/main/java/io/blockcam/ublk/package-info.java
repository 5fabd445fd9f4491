/**
 * A ublk server: a block device of this machine, {@code /dev/ublkbN}, served by this process.
 *
 * <p>A library in its own right. {@link io.blockcam.ublk.control} speaks to the driver, {@link
 * io.blockcam.ublk.queue} serves I/O with one thread per queue, {@link io.blockcam.ublk.target}
 * holds what a device can stand on. It knows nothing of recording: {@link io.blockcam.ublk.tap}.
 */
@NullMarked
package io.blockcam.ublk;

import org.jspecify.annotations.NullMarked;
