/**
 * The index: which record the content of each block comes from, over spans of segments, so that a
 * moment of a long recording is found without reading all of it. Made from the segments alone, and
 * never more than a shortcut: whoever doubts it does without.
 */
@NullMarked
package io.blockcam.archive.index;

import org.jspecify.annotations.NullMarked;
