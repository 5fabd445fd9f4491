package io.blockcam.filesearch;

import io.blockcam.history.RecordingReader;
import io.blockcam.history.Segments;
import java.io.IOException;

/** Searches of all of a recording, at which nobody looks. */
final class Searches {
  private Searches() {}

  static FileSearch.Result run(
      final RecordingReader reader, final TargetSet targets, final boolean useIndex)
      throws IOException {
    return run(reader, reader.find(), targets, FileSearch.Window.ALL, useIndex);
  }

  static FileSearch.Result run(
      final RecordingReader reader,
      final Segments segments,
      final TargetSet targets,
      final FileSearch.Window window,
      final boolean useIndex)
      throws IOException {
    return new FileSearch(reader, segments, targets, window, useIndex, FileSearch.Progress.NONE)
        .run();
  }
}
