package io.blockcam.history;

import io.blockcam.archive.Recording;
import io.blockcam.archive.head.RecordingHead;
import io.blockcam.archive.head.RecordingSummary;
import java.io.IOException;
import java.util.Optional;

/**
 * What a recording covers.
 *
 * @param diskBytes size of the disk at its end
 * @param summary of what is published
 * @param folded whether a segment stands for a beginning that is not kept: what that held is
 *     claimed and not proven
 */
public record RecordingInfo(
    Recording recording, long diskBytes, RecordingSummary summary, boolean folded) {

  /**
   * Reads the head of a recording and what is newer; without a head that is of use, the records of
   * all segments.
   *
   * @param progress called with the bytes of the segments that are done, and of all, when all are
   *     read
   */
  public static RecordingInfo read(final RecordingReader reader, final Progress progress)
      throws IOException {
    final Optional<RecordingHead> head = reader.usableHead();
    if (head.isPresent()) {
      final Optional<RecordingSummary> summary = reader.summary(head.get());
      if (summary.isPresent()) {
        final long newest =
            head.get().segmentNumber() + summary.get().segments() - head.get().summary().segments();
        return new RecordingInfo(
            reader.recording(),
            reader.trailer(newest).diskBytes(),
            summary.get(),
            reader.trailer(newest + 1 - summary.get().segments()).base());
      }
    }
    final RecordingSummary[] summary = {RecordingSummary.EMPTY};
    final long[] diskBytes = {reader.recording().diskBytes()};
    final boolean[] folded = {false};
    reader.visit(
        (segment, doneBytes, totalBytes) -> {
          summary[0] = summary[0].plus(segment.trailer(), segment.reader().records());
          diskBytes[0] = segment.trailer().diskBytes();
          folded[0] |= segment.trailer().base();
          progress.update(doneBytes, totalBytes);
        });
    return new RecordingInfo(reader.recording(), diskBytes[0], summary[0], folded[0]);
  }
}
