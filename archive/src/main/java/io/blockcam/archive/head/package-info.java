/**
 * The head of a recording: which segment is its newest, and what all of them hold in numbers. So a
 * reader knows a long recording at once, and sees when its end is missing.
 */
@NullMarked
package io.blockcam.archive.head;

import org.jspecify.annotations.NullMarked;
