package io.blockcam.capture;

import io.blockcam.archive.record.RecordKind;
import java.util.List;

/**
 * What the ring's file still held when the recorder started.
 *
 * @param records that were in it and not in the spool; they are now
 * @param unknown those of them that were in flight when the recorder died: the disk may or may not
 *     have them, so its owner has to write them again or to read back what is there
 */
public record RecoveredRing(long records, List<UnknownOutcome> unknown) {
  /** There was nothing. */
  public static final RecoveredRing NOTHING = new RecoveredRing(0, List.of());

  /** Copies the list. */
  public RecoveredRing {
    unknown = List.copyOf(unknown);
  }

  /**
   * A record that may or may not have reached the disk.
   *
   * @param sequence its place in the order
   * @param kind data, zeroes or discard
   * @param block first block
   * @param runBlocks blocks, at least 1
   */
  public record UnknownOutcome(long sequence, RecordKind kind, long block, long runBlocks) {}
}
