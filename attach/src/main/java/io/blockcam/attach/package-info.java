/**
 * A moment of a disk as a block device: reads are fetched from the archive when somebody wants
 * them; what is written goes to a place of its own and is thrown away at the end.
 */
@NullMarked
package io.blockcam.attach;

import org.jspecify.annotations.NullMarked;
