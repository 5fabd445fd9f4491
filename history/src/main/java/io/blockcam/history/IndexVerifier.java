package io.blockcam.history;

import io.blockcam.archive.RecordingPaths;
import io.blockcam.archive.SpanName;
import io.blockcam.archive.index.IndexException;
import io.blockcam.archive.index.RunComparison;
import io.blockcam.archive.index.RunReader;
import io.blockcam.store.ObjectStatus;
import java.io.IOException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Compares the index of an archive with the segments: a run of the smallest size with what is made
 * of its segments here and now, a larger one with those that make it up. So one that lies is found,
 * however well formed it is. Changes nothing. One thread.
 */
public final class IndexVerifier {
  private final RecordingPaths paths;
  private final RecordingReader reader;
  private final Segments segments;
  private final int segmentsAtOnce;
  private final RunMaker runs;
  private final RunComparison comparison = new RunComparison();

  /** Of each size, which runs say what the segments say: by their number. */
  private final Map<Long, BitSet> sound = new HashMap<>();

  private long checked;

  /**
   * @param segments that the index is of
   * @param segmentsAtOnce how many are read at the same time
   */
  public IndexVerifier(
      final RecordingReader reader, final Segments segments, final int segmentsAtOnce) {
    this.paths = reader.recording().paths();
    this.reader = reader;
    this.segments = segments;
    this.segmentsAtOnce = segmentsAtOnce;
    this.runs = new RunMaker(reader, segments, segmentsAtOnce, RunMaker.MOST_OPERATIONS);
  }

  /** Takes what is wrong. */
  @FunctionalInterface
  public interface Findings {
    /**
     * Takes one.
     *
     * @param path of the run in the archive
     * @param problem in words, which name it
     */
    void found(String path, String problem) throws IOException;
  }

  /**
   * Compares all runs that there are. One that is missing is no fault.
   *
   * @param progress called with the segments that were compared with small runs, and all
   * @return how many were compared
   * @throws io.blockcam.archive.segment.SegmentException when a segment is missing or damaged
   */
  public long run(final Findings findings, final Progress progress) throws IOException {
    final long first = segments.firstWhole();
    final long second = IndexSpans.FAN_OUT * (long) IndexSpans.FAN_OUT;
    // The smallest ones are only at the end of a long recording.
    final long told = segments.end() - first < second ? IndexSpans.FAN_OUT : second;
    for (long size = IndexSpans.FAN_OUT; ; size *= IndexSpans.FAN_OUT) {
      final List<ObjectStatus> directories = reader.list(paths.runs(size));
      for (final ObjectStatus directory : directories) {
        for (final ObjectStatus run :
            directory.isDirectory() ? reader.list(directory.path()) : List.of(directory)) {
          check(run.path(), size, findings);
          if (size == told) {
            final long done = SpanName.RUN.lastSegment(run.name()).orElse(first) + 1 - first;
            progress.update(
                Math.max(0, Math.min(done, segments.end() - first)), segments.end() - first);
          }
        }
      }
      if (directories.isEmpty() && size >= segments.end()) {
        break;
      }
    }
    for (final ObjectStatus map : reader.list(paths.maps())) {
      final OptionalLong last = SpanName.RUN.lastSegment(map.name());
      check(
          map.path(),
          findings,
          () ->
              last.isPresent() && map.name().equals(SpanName.RUN.of(first, last.getAsLong()))
                  ? Optional.of(parts(first, last.getAsLong() + 1))
                  : Optional.empty());
    }
    return checked + new CatalogVerifier(reader, segments, segmentsAtOnce).run(findings);
  }

  private void check(final String path, final long size, final Findings findings)
      throws IOException {
    final OptionalLong at = SpanName.RUN.firstSegment(path.substring(path.lastIndexOf('/') + 1));
    final boolean isSound =
        check(
            path,
            findings,
            () ->
                at.isPresent()
                        && at.getAsLong() % size == 0
                        && path.equals(IndexSpans.run(paths, at.getAsLong(), size))
                    ? Optional.of(
                        size == IndexSpans.FAN_OUT
                            ? List.of(runs.ofSegments(at.getAsLong(), size))
                            : parts(at.getAsLong(), at.getAsLong() + size))
                    : Optional.empty());
    if (isSound) {
      sound.computeIfAbsent(size, s -> new BitSet()).set(Math.toIntExact(at.orElseThrow() / size));
    }
  }

  /** What a run must say, as other runs say it. */
  private interface Parts {
    /** Empty when it has the name of none. */
    Optional<List<RunReader>> get() throws IOException;
  }

  private boolean check(final String path, final Findings findings, final Parts parts)
      throws IOException {
    checked++;
    try {
      final RunReader run = runs.open(path);
      final Optional<List<RunReader>> expected = parts.get();
      if (expected.isEmpty()) {
        throw new IndexException(run.name(), "stands where no run is looked for");
      }
      comparison.check(run, expected.get());
      return true;
    } catch (final IndexException e) {
      findings.found(path, String.valueOf(e.getMessage()));
      return false;
    }
  }

  /** Sound runs that cover a span, the largest that there are; else what is made of segments. */
  private List<RunReader> parts(final long first, final long end) throws IOException {
    final List<RunReader> parts = new ArrayList<>();
    for (long at = first; at < end; ) {
      long size = sizeAt(at, end, end - first);
      if (size == 0) {
        size = Math.min(IndexSpans.FAN_OUT, end - at);
        parts.add(runs.ofSegments(at, size));
      } else {
        parts.add(runs.open(IndexSpans.run(paths, at, size)));
      }
      at += size;
    }
    return parts;
  }

  private long sizeAt(final long at, final long end, final long below) {
    long found = 0;
    for (long size = IndexSpans.FAN_OUT; size < below && at + size <= end && at % size == 0; ) {
      if (sound.getOrDefault(size, new BitSet()).get((int) (at / size))) {
        found = size;
      }
      size *= IndexSpans.FAN_OUT;
    }
    return found;
  }
}
