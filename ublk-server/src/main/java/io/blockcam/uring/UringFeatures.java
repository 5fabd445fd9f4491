package io.blockcam.uring;

/**
 * What a ring uses of what the kernel offers: asked for once, when the ring is made, and given up
 * one by one on kernels that are too old.
 *
 * @param singleIssuer {@code IORING_SETUP_SINGLE_ISSUER} (Linux 6.0): only the ring's own thread
 *     submits, the kernel holds it to that
 * @param deferTaskrun {@code IORING_SETUP_DEFER_TASKRUN} (Linux 6.1): completions are worked off
 *     only while the thread waits for them, in batches
 * @param coopTaskrun {@code IORING_SETUP_COOP_TASKRUN} (Linux 5.19): no interrupt of a thread that
 *     runs in user space
 * @param submitAll {@code IORING_SETUP_SUBMIT_ALL} (Linux 5.18): a request that fails at once does
 *     not keep back the ones behind it
 * @param noSqArray {@code IORING_SETUP_NO_SQARRAY} (Linux 6.6): no index array between the tail and
 *     the entries
 * @param sqe128 {@code IORING_SETUP_SQE128} (Linux 5.19): entries of 128 bytes, as commands to a
 *     driver need them; never given up when it was asked for
 * @param registeredRing {@code IORING_REGISTER_RING_FDS} (Linux 5.18): entering the kernel does not
 *     look up the file descriptor
 */
public record UringFeatures(
    boolean singleIssuer,
    boolean deferTaskrun,
    boolean coopTaskrun,
    boolean submitAll,
    boolean noSqArray,
    boolean sqe128,
    boolean registeredRing) {}
