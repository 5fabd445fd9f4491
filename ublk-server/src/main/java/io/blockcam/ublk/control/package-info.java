/**
 * The control plane: adding, starting, stopping and removing devices through {@code
 * /dev/ublk-control}.
 *
 * <p>Runs on the control thread, may block, but never longer than the limit it was given: some
 * commands wait for other processes (see {@link io.blockcam.ublk.control.UblkControl}).
 */
@NullMarked
package io.blockcam.ublk.control;

import org.jspecify.annotations.NullMarked;
