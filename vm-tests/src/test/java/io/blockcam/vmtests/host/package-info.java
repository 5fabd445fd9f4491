/**
 * What a scenario stands on: the machine with its ublk driver, commands, devices, file systems, and
 * the {@code blockcam} command as a process of its own.
 *
 * <p>Runs on the test's thread. Every wait has a limit and says what it waited for; nothing here
 * looks inside the product.
 */
@NullMarked
package io.blockcam.vmtests.host;

import org.jspecify.annotations.NullMarked;
