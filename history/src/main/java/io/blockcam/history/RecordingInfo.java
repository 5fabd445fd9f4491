package io.blockcam.history;

import io.blockcam.archive.Recording;
import io.blockcam.archive.head.RecordingHead;
import io.blockcam.archive.head.RecordingSummary;
import java.io.IOException;
import java.util.Optional;

/**
 * What a recording covers.
 *
 * @param summary of what is published
 */
public record RecordingInfo(Recording recording, RecordingSummary summary) {

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
        return new RecordingInfo(reader.recording(), summary.get());
      }
    }
    final RecordingSummary[] summary = {RecordingSummary.EMPTY};
    reader.visit(
        (segment, doneBytes, totalBytes) -> {
          summary[0] = summary[0].plus(segment.trailer(), segment.reader().records());
          progress.update(doneBytes, totalBytes);
        });
    return new RecordingInfo(reader.recording(), summary[0]);
  }
}
