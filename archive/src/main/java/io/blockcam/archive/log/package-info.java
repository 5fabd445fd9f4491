/**
 * Segments as a spool keeps them: each is a log, one file to which every record is appended with
 * its sector hashes and its payload, so that one sync makes it durable. Nothing is computed for it
 * but what finds and proves the records again after a crash.
 *
 * <p>{@link io.blockcam.archive.log.LogWriter} runs on the ring's consumer. {@link
 * io.blockcam.archive.log.DigestedSegment} makes of a log, when it is shipped, the segment that is
 * published: tables, digests and trailer. What is wrong with a log is a {@link
 * io.blockcam.archive.segment.SegmentException}.
 */
@NullMarked
package io.blockcam.archive.log;

import org.jspecify.annotations.NullMarked;
