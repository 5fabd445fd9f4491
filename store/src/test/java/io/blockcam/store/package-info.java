/**
 * Tests of the stores. {@code ObjectStoreContract} is what every store has to keep; it runs on a
 * directory and on a real HDFS.
 */
@NullMarked
package io.blockcam.store;

import org.jspecify.annotations.NullMarked;
