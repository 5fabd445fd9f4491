package io.blockcam.history;

import io.blockcam.archive.RecordingPaths;
import io.blockcam.archive.SegmentName;
import io.blockcam.store.ObjectStatus;
import io.blockcam.store.ObjectStore;
import java.io.IOException;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * The segments that a store has, in order of their numbers as their names tell; no segment is read.
 * One directory of them is in memory at a time. What stands in another directory than its name says
 * is no segment. One thread.
 */
public final class SegmentListing implements InOrder.Things<ObjectStatus> {
  private final ObjectStore store;
  private final long first;
  private final Iterator<Directory> directories;
  private Iterator<ObjectStatus> objects = Collections.emptyIterator();

  /** The number of its first segment, and its path. */
  private record Directory(long first, String path) {}

  private SegmentListing(
      final ObjectStore store, final List<Directory> directories, final long first) {
    this.store = store;
    this.directories = directories.iterator();
    this.first = first;
  }

  /**
   * Lists the directories.
   *
   * @param first number from which on segments are wanted
   */
  static SegmentListing of(final ObjectStore store, final RecordingPaths paths, final long first)
      throws IOException {
    final List<Directory> directories =
        directories(store, paths).stream()
            .filter(directory -> directory.first + SegmentName.PER_DIRECTORY > first)
            .toList();
    return new SegmentListing(store, directories, first);
  }

  /** The newest segment. */
  static Optional<ObjectStatus> newest(final ObjectStore store, final RecordingPaths paths)
      throws IOException {
    for (final Directory directory : directories(store, paths).reversed()) {
      final List<ObjectStatus> objects = objects(store, directory);
      if (!objects.isEmpty()) { // else the recorder was killed before it came to the first one
        return Optional.of(objects.getLast());
      }
    }
    return Optional.empty();
  }

  private static List<Directory> directories(final ObjectStore store, final RecordingPaths paths)
      throws IOException {
    return store.list(paths.segments()).stream()
        .filter(s -> s.isDirectory() && SegmentName.firstOf(s.name()).isPresent())
        .map(s -> new Directory(SegmentName.firstOf(s.name()).orElseThrow(), s.path()))
        .toList();
  }

  private static List<ObjectStatus> objects(final ObjectStore store, final Directory directory)
      throws IOException {
    return store.list(directory.path).stream()
        .filter(
            object -> {
              final OptionalLong number = SegmentName.sealedNumber(object.name());
              return !object.isDirectory()
                  && number.isPresent()
                  && number.getAsLong() / SegmentName.PER_DIRECTORY * SegmentName.PER_DIRECTORY
                      == directory.first;
            })
        .toList();
  }

  @Override
  public @Nullable ObjectStatus next() throws IOException {
    while (true) {
      while (objects.hasNext()) {
        final ObjectStatus object = objects.next();
        if (RecordingReader.number(object).orElseThrow() >= first) {
          return object;
        }
      }
      if (!directories.hasNext()) {
        return null;
      }
      objects = objects(store, directories.next()).iterator();
    }
  }
}
