/**
 * The one seam between Java and the C library.
 *
 * <p>{@link io.blockcam.nativebindings.Posix} is the list of all system calls the project makes;
 * {@link io.blockcam.nativebindings.Posix#linux()} makes them for real, and a test may put a fake
 * kernel in its place. {@link io.blockcam.nativebindings.Errno} names error numbers, {@link
 * io.blockcam.nativebindings.ErrnoException} carries one to whoever can act on it. The structs and
 * constants stand in {@link io.blockcam.nativebindings.uapi}.
 *
 * <p>Runs on the thread of its caller. Nothing here keeps state between calls, allocates on a call
 * without a path name, or hands out a method handle. No call is linked as {@code critical}: a call
 * that blocks must not hold up the garbage collector.
 */
@NullMarked
package io.blockcam.nativebindings;

import org.jspecify.annotations.NullMarked;
