package io.blockcam.archive.segment;

import java.util.Optional;

/**
 * What recovery made of a segment that was open when the recorder died.
 *
 * @param segment the sealed segment; empty when not one record was whole
 * @param cutJournalBytes bytes at the end of the journal that were given up
 * @param cutReason why they were given up; empty when nothing was
 */
public record Recovered(Optional<SealedSegment> segment, long cutJournalBytes, String cutReason) {}
