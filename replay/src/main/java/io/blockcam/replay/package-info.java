/**
 * Any moment of a disk, read from its record.
 *
 * <p>{@link io.blockcam.replay.MomentResolver} says which record a moment ends with, {@link
 * io.blockcam.replay.PastDisk} is the disk as it was then, {@link io.blockcam.replay.ImageWriter}
 * writes it out. Nothing here guesses: what is damaged or missing is refused, with the name of the
 * file and the place. Everything may block.
 */
@NullMarked
package io.blockcam.replay;

import org.jspecify.annotations.NullMarked;
