package io.blockcam.archive.segment;

import java.util.List;

/**
 * An open segment that was copied into fresh files.
 *
 * @param segment the copy, the caller's
 * @param lostBlocks blocks whose payload could not be copied: a gap stands in the place of each
 */
public record Rewritten(SegmentWriter segment, List<Long> lostBlocks) {

  /** Copies the list. */
  public Rewritten {
    lostBlocks = List.copyOf(lostBlocks);
  }
}
