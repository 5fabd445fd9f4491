/**
 * Records a disk: the ring, its consumer and the spool, wired together.
 *
 * <p>{@link io.blockcam.capture.Capture} is used by the control thread. {@link
 * io.blockcam.capture.RecordConsumer} runs on its own thread, may wait for the disk, never for the
 * network, and must not end while the device is up. The third thread reads the clock.
 */
@NullMarked
package io.blockcam.capture;

import org.jspecify.annotations.NullMarked;
