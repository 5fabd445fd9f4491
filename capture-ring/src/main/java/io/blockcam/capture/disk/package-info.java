/**
 * Whether a disk is the one a recording left: fingerprints of it, and their comparison.
 *
 * <p>A record is worth nothing when it goes on with another disk, or with one that was written to
 * in between.
 */
@NullMarked
package io.blockcam.capture.disk;

import org.jspecify.annotations.NullMarked;
