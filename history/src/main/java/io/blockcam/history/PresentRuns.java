package io.blockcam.history;

import io.blockcam.archive.RecordingPaths;
import io.blockcam.archive.SegmentName;
import io.blockcam.archive.SpanName;
import io.blockcam.store.ObjectStatus;
import io.blockcam.store.ReadableStore;
import java.io.IOException;
import java.util.BitSet;
import java.util.OptionalLong;

/**
 * Which runs of a size an index has. A directory of them is listed when the first one in it is
 * asked for, and a bit is kept of each: there are a hundred thousand in a year. One thread.
 */
final class PresentRuns {
  private final ReadableStore store;
  private final RecordingPaths paths;
  private final long size;
  private final BitSet present = new BitSet();
  private final BitSet listed = new BitSet();

  /**
   * @param size how many segments a run covers
   */
  PresentRuns(final ReadableStore store, final RecordingPaths paths, final long size) {
    this.store = store;
    this.paths = paths;
    this.size = size;
  }

  private int number(final long first) {
    return Math.toIntExact(first / size);
  }

  /**
   * Whether there is one.
   *
   * @param first the first segment that it covers, a multiple of the size
   */
  boolean has(final long first) throws IOException {
    final int directory = number(first) / SegmentName.PER_DIRECTORY;
    if (!listed.get(directory)) {
      for (final ObjectStatus run : store.list(paths.runs(size, first))) {
        final OptionalLong covered = SpanName.RUN.firstSegment(run.name());
        if (covered.isPresent()
            && run.path().equals(IndexSpans.run(paths, covered.getAsLong(), size))) {
          present.set(number(covered.getAsLong()));
        }
      }
      listed.set(directory);
    }
    return present.get(number(first));
  }

  void add(final long first) {
    present.set(number(first));
  }

  /** Forgets one that is gone; other paths are not its business. */
  void remove(final String path) {
    final OptionalLong first = SpanName.RUN.firstSegment(path.substring(path.lastIndexOf('/') + 1));
    if (first.isPresent() && path.equals(IndexSpans.run(paths, first.getAsLong(), size))) {
      present.clear(number(first.getAsLong()));
    }
  }
}
