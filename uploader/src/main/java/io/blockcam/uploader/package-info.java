/**
 * Moves sealed segments from the spool into the archive.
 *
 * <p>One thread, which may wait for the network as long as it takes and never drops anything:
 * temporary name, length and checksum verified, rename, and only then removed from the spool.
 */
@NullMarked
package io.blockcam.uploader;

import org.jspecify.annotations.NullMarked;
