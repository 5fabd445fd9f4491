/**
 * What a file or device stands on and what stands on a device, as the tables of the kernel in /proc
 * and /sys have it: partitions, device mapper, md, loop devices, file systems, swap. Control
 * thread; nothing here touches a file that might not answer, but for what is asked to be synced.
 */
@NullMarked
package io.blockcam.ublk.stack;

import org.jspecify.annotations.NullMarked;
