/**
 * Any moment of a disk, read from its record.
 *
 * <p>{@link io.blockcam.history.RecordingReader} opens a recording, {@link
 * io.blockcam.replay.MomentResolver} says which record a moment ends with, {@link
 * io.blockcam.replay.BlockMap} which payload each block had then, {@link
 * io.blockcam.replay.ImageWriter} writes them out. Nothing here guesses: what is damaged or missing
 * is refused, with the name of the file and the place. One thread at a time; everything may block.
 */
@NullMarked
package io.blockcam.replay;

import org.jspecify.annotations.NullMarked;
