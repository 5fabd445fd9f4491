/**
 * Compares disks that do the same work in the same kernel: the C servers, the kernel's own drivers,
 * and ours. Run by {@code scripts/bench}.
 */
@NullMarked
package io.blockcam.vmtests.bench;

import org.jspecify.annotations.NullMarked;
