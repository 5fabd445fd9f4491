/**
 * Known files in a record: when they were on the disk, where, and what proves it.
 *
 * <p>{@link io.blockcam.filesearch.FileHasher} says what a file is known by, {@link
 * io.blockcam.filesearch.HashListWriter} and {@link io.blockcam.filesearch.HashListReader} keep
 * that in a file, so that the files themselves can stay where they are. {@link
 * io.blockcam.filesearch.Probative} tells what proves something from what is in every file.
 */
@NullMarked
package io.blockcam.filesearch;

import org.jspecify.annotations.NullMarked;
