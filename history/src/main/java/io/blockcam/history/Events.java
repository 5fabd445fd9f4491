package io.blockcam.history;

import io.blockcam.archive.head.RecordingHead;
import io.blockcam.archive.head.RecordingSummary;
import io.blockcam.archive.index.Event;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.archive.segment.SegmentException;
import io.blockcam.archive.segment.SegmentTrailer;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/** Records that the index names: marks, clock steps, starts, the first gap of a segment. */
public final class Events {
  private Events() {}

  /**
   * Those of a kind, in the order of the record; none are looked for where the head counts none.
   *
   * @param segments of the recording
   * @param kind which
   * @param useIndex whether to look into the index of the archive
   * @param progress called with the segments that are done, and all, where there is no index
   */
  public static List<Event> of(
      final RecordingReader reader,
      final Segments segments,
      final RecordKind kind,
      final boolean useIndex,
      final Progress progress)
      throws IOException {
    return ifAny(reader, segments, kind, useIndex, progress).stream()
        .filter(event -> event.kind() == kind)
        .toList();
  }

  /**
   * Those of all kinds, in the order of the record, if the head counts any of one.
   *
   * @param segments of the recording
   * @param useIndex whether to look into the index of the archive
   * @param progress called with the segments that are done, and all, where there is no index
   */
  static List<Event> ifAny(
      final RecordingReader reader,
      final Segments segments,
      final RecordKind kind,
      final boolean useIndex,
      final Progress progress)
      throws IOException {
    final Optional<SegmentTrailer> newest = segments.before(segments.end());
    if (newest.isEmpty() || isWithout(reader, segments, kind)) {
      return List.of();
    }
    try (Layers all =
        Layers.upTo(reader, segments, newest.get().lastSequence(), useIndex, progress)) {
      return all.events();
    }
  }

  private static boolean isWithout(
      final RecordingReader reader, final Segments segments, final RecordKind kind)
      throws IOException {
    try {
      final Optional<RecordingHead> head = reader.usableHead();
      final Optional<RecordingSummary> summary =
          head.isPresent() ? reader.summary(head.get()) : Optional.empty();
      return summary.isPresent() && summary.get().count(kind) == 0;
    } catch (final SegmentException e) {
      if (!segments.isTolerant()) {
        throw e;
      }
      return false; // what the head names is lost
    }
  }
}
