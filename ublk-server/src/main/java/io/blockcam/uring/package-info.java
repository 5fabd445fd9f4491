/**
 * A small io_uring: one submission and one completion queue, driven by one thread.
 *
 * <p>{@link io.blockcam.uring.IoUring} is made by the thread that uses it, and by no other
 * afterwards: a platform thread, because the kernel knows the task that issues requests. Preparing,
 * submitting and reaping allocate nothing and throw only when the ring itself is broken; they block
 * only where they say so.
 *
 * <p>Mirrors liburing ({@code src/queue.c}, {@code src/setup.c}) and cites it; the rules come from
 * io_uring_setup(2), io_uring_enter(2) and io_uring_register(2). It knows nothing of ublk.
 */
@NullMarked
package io.blockcam.uring;

import org.jspecify.annotations.NullMarked;
