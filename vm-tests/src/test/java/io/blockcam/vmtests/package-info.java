/**
 * The promises of the product, each as a test against real parts: a kernel with ublk, file systems,
 * a virtual machine, an HDFS; and the directions between the modules.
 *
 * <p>Scenarios run on JUnit's threads, one after another. They use the product only as its users
 * do: by the {@code blockcam} command, the device, and the archive.
 */
@NullMarked
package io.blockcam.vmtests;

import org.jspecify.annotations.NullMarked;
