/**
 * The {@code blockcam} command: options, wiring, life cycle.
 *
 * <p>Each command is one class; what they do is done by the modules below. Everything here runs on
 * the main thread, which is also the control thread of a device.
 */
@NullMarked
package io.blockcam.cli;

import org.jspecify.annotations.NullMarked;
