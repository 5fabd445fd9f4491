/** Races of {@link io.blockcam.ublk.queue.InFlightBlocks}, in its own package. */
@NullMarked
package io.blockcam.ublk.queue;

import org.jspecify.annotations.NullMarked;
