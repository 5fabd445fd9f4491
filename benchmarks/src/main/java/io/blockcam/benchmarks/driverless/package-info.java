/**
 * Serving and recording without ublk: the driver is a process that sends messages to the queue's
 * ring, everything else is what a recorder has. See {@code src/native/msg_ring.h}.
 */
@NullMarked
package io.blockcam.benchmarks.driverless;

import org.jspecify.annotations.NullMarked;
