/**
 * Segment files: header, payloads, sector hashes, records, trailer. {@code archive/FORMAT.md} holds
 * the same byte by byte.
 *
 * <p>{@link io.blockcam.archive.segment.SegmentReader} runs on any thread. A reader trusts nothing:
 * every number is checked against the length of the file before memory is taken for it, and what is
 * wrong is a {@link io.blockcam.archive.segment.SegmentException} that names file and place. A
 * sealed segment is never written again.
 */
@NullMarked
package io.blockcam.archive.segment;

import org.jspecify.annotations.NullMarked;
