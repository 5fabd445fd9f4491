package io.blockcam.capture;

import java.time.Instant;
import java.util.Optional;

/**
 * What the recorder is doing, at one moment as good as one can tell from outside.
 *
 * @param epoch the run of the recorder
 * @param ringSlots capacity of the ring in blocks
 * @param ringUsedSlots blocks in it
 * @param lastSequence newest record claimed
 * @param appendedSequence newest record that survives the death of the process
 * @param durableSequence newest record that survives a power cut
 * @param spoolBytes in use by segments, the open one included
 * @param spoolLimitBytes how many may be
 * @param shippedBytes of segments that were removed, since the spool was opened
 * @param waitingSince time of the oldest record that waits to be shipped
 * @param spoolBlocked whether writes wait because the limit is reached
 * @param sealedSegments waiting to be shipped
 * @param queuesWaiting queues whose write found the ring full and still waits
 * @param refusedOffers offers that found the ring full, since the start
 * @param gaps writes that went unrecorded
 * @param ringWatermarks crossings of the ring's watermarks, since the start
 * @param spoolWatermarks crossings of the spool's watermarks, since it was opened
 * @param blocksInDoubt still to be read back from the disk
 * @param failures attempts in a row that the spool failed, 0 when it works
 * @param failure why the last one failed, empty when it works
 */
public record CaptureStatus(
    long epoch,
    int ringSlots,
    long ringUsedSlots,
    long lastSequence,
    long appendedSequence,
    long durableSequence,
    long spoolBytes,
    long spoolLimitBytes,
    long shippedBytes,
    Optional<Instant> waitingSince,
    boolean spoolBlocked,
    int sealedSegments,
    int queuesWaiting,
    long refusedOffers,
    Gaps gaps,
    long ringWatermarks,
    long spoolWatermarks,
    long blocksInDoubt,
    long failures,
    String failure) {

  /**
   * Writes that went unrecorded.
   *
   * @param onFull what becomes of writes when there is no room for their records
   * @param since since when they go unrecorded, if they do
   * @param count times that they did, since the start
   * @param blocks that those were about, and that were or will be read back
   */
  public record Gaps(OnFull onFull, Optional<Instant> since, long count, long blocks) {}
}
