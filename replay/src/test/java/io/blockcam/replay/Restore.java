package io.blockcam.replay;

import io.blockcam.archive.Moment;
import io.blockcam.history.Progress;
import io.blockcam.history.RecordingReader;
import io.blockcam.history.Segments;
import io.blockcam.history.TestRecording;
import io.blockcam.store.ObjectStore;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Set;

/** Restores moments of a recording that was made up. */
final class Restore {
  private Restore() {}

  /** The disk at a moment; to be closed. */
  static PastDisk disk(final ObjectStore store, final When when, final boolean useIndex)
      throws IOException {
    final RecordingReader reader = RecordingReader.open(store, TestRecording.NAME);
    final Segments segments = reader.find();
    final Moment moment = new MomentResolver(reader, segments, true).resolve(when);
    return PastDisk.open(reader, segments, moment, useIndex, Progress.NONE);
  }

  static ImageWriter.Image image(
      final ObjectStore store,
      final When when,
      final Path file,
      final boolean replace,
      final ImageWriter.Progress progress)
      throws IOException {
    try (PastDisk disk = disk(store, when, true)) {
      return new ImageWriter(disk, disk.survey().pieces(), Set.of(FlatHash.SHA256), progress)
          .write(file, replace);
    }
  }

  static ImageWriter.Image image(final ObjectStore store, final When when, final Path file)
      throws IOException {
    return image(store, when, file, true, (what, done, total) -> {});
  }
}
