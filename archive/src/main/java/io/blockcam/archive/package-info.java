/**
 * The record of a disk: what a recording is, and where its parts lie in an archive.
 *
 * <p>Plain values and their files; the bytes of records are in {@code record}, of segment files in
 * {@code segment}. Nothing here has a thread of its own, knows of ublk, or ever changes a published
 * object.
 */
@NullMarked
package io.blockcam.archive;

import org.jspecify.annotations.NullMarked;
