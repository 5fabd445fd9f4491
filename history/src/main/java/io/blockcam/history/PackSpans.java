package io.blockcam.history;

import io.blockcam.archive.RecordingPaths;
import io.blockcam.archive.SpanName;
import io.blockcam.store.ObjectStatus;
import java.util.List;
import java.util.OptionalLong;

/**
 * Which packs there may be. One of a size holds as many segments, from a multiple of its size on,
 * and no segment is in two packs.
 */
final class PackSpans {
  /** As many segments as a pack may hold; the largest first. */
  static final List<Integer> SIZES = List.of(512, 64);

  private PackSpans() {}

  /** The first segment of the span of a size that a segment belongs to. */
  static long first(final long number, final int size) {
    return number / size * size;
  }

  /** The first segment of a pack of a size, or empty when this is none. */
  static OptionalLong first(final RecordingPaths paths, final ObjectStatus object, final int size) {
    final OptionalLong first = SpanName.PACK.firstSegment(object.name());
    return !object.isDirectory()
            && first.isPresent()
            && first.getAsLong() % size == 0
            && object.path().equals(paths.pack(size, first.getAsLong()))
        ? first
        : OptionalLong.empty();
  }
}
