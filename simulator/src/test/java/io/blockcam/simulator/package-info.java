/**
 * The whole way of a write in one thread: real queue loops over a fake kernel, the real ring,
 * consumer, spool, uploader and replay, over disks and a store that fail, with a clock that is
 * moved by hand. A seed decides everything that happens, so that a failure can be had again.
 */
@NullMarked
package io.blockcam.simulator;

import org.jspecify.annotations.NullMarked;
