package io.blockcam.archive.log;

import java.util.List;

/**
 * An open log that was copied into a fresh file.
 *
 * @param log the copy, the caller's
 * @param lostBlocks blocks whose payload could not be copied: a gap stands in the place of each
 */
public record Rewritten(LogWriter log, List<Long> lostBlocks) {

  /** Copies the list. */
  public Rewritten {
    lostBlocks = List.copyOf(lostBlocks);
  }
}
