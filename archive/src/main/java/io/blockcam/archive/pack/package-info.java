/** Segments that are kept together in one file, byte for byte: a pack. */
@NullMarked
package io.blockcam.archive.pack;

import org.jspecify.annotations.NullMarked;
