package io.blockcam.history;

import io.blockcam.archive.RecordingPaths;
import io.blockcam.archive.SegmentName;
import io.blockcam.store.ObjectStatus;
import io.blockcam.store.ReadableStore;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.LongStream;

/** Which packs a store has, by their names. */
final class PackListing {
  private final ReadableStore store;
  private final RecordingPaths paths;

  /** By their size, the directory of packs that was asked for last. */
  private final Map<Integer, Listed> listed = new HashMap<>();

  private record Listed(String directory, Set<Long> firsts) {}

  PackListing(final ReadableStore store, final RecordingPaths paths) {
    this.store = store;
    this.paths = paths;
  }

  /** The first segment, from a number on, that is in a pack. */
  OptionalLong firstFrom(final long number) throws IOException {
    OptionalLong found = OptionalLong.empty();
    for (final int size : PackSpans.SIZES) {
      for (final ObjectStatus directory : directories(size)) {
        final OptionalLong first =
            firsts(directory.path(), size)
                .filter(pack -> pack + size > number)
                .map(pack -> Math.max(pack, number))
                .min();
        if (first.isPresent()) {
          found = min(found, first.getAsLong());
          break; // those of the next directories are behind it
        }
      }
    }
    return found;
  }

  /**
   * Whether there is a pack of a span. Lists no directory twice for who asks in order, and does not
   * see what is made there meanwhile.
   */
  boolean has(final int size, final long first) throws IOException {
    final String directory = paths.packs(size, first);
    Listed last = listed.get(size);
    if (last == null || !last.directory.equals(directory)) {
      last = new Listed(directory, firsts(directory, size).boxed().collect(Collectors.toSet()));
      listed.put(size, last);
    }
    return last.firsts.contains(first);
  }

  /** The newest segment that is in a pack. */
  OptionalLong newest() throws IOException {
    OptionalLong found = OptionalLong.empty();
    for (final int size : PackSpans.SIZES) {
      final List<ObjectStatus> directories = directories(size);
      for (int i = directories.size() - 1; i >= 0; i--) {
        final OptionalLong last =
            firsts(directories.get(i).path(), size).map(pack -> pack + size - 1).max();
        if (last.isPresent()) {
          found = OptionalLong.of(Math.max(found.orElse(0), last.getAsLong()));
          break;
        }
      }
    }
    return found;
  }

  private List<ObjectStatus> directories(final int size) throws IOException {
    return store.list(paths.packs(size)).stream()
        .filter(s -> s.isDirectory() && SegmentName.firstOf(s.name()).isPresent())
        .toList();
  }

  private LongStream firsts(final String directory, final int size) throws IOException {
    return store.list(directory).stream()
        .map(object -> PackSpans.first(paths, object, size))
        .filter(OptionalLong::isPresent)
        .mapToLong(OptionalLong::getAsLong);
  }

  private static OptionalLong min(final OptionalLong found, final long other) {
    return OptionalLong.of(Math.min(found.orElse(other), other));
  }
}
