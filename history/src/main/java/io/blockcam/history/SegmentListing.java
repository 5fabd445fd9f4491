package io.blockcam.history;

import io.blockcam.archive.RecordingPaths;
import io.blockcam.archive.SegmentName;
import io.blockcam.store.ObjectStore;
import io.blockcam.store.ReadableStore;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * The segments that a store has, in order of their numbers as names and packs tell; no segment is
 * read. Those with an object of their own are listed a directory at a time; where a number is not
 * among them it is looked for in the packs, then: so none is passed over that is moved there
 * meanwhile. What stands in another directory than its name says is no segment. One thread.
 */
public final class SegmentListing implements InOrder.Things<SegmentPlace> {
  private final SegmentPlaces places;
  private final Loose loose;
  private final PackListing packs;

  /** The number that comes next if none is missing. */
  private long next;

  private @Nullable SegmentPlace nextLoose;
  private boolean looseIsOver;
  private boolean lastWasPacked;

  SegmentListing(
      final ReadableStore store,
      final SegmentPlaces places,
      final RecordingPaths paths,
      final long first)
      throws IOException {
    this.places = places;
    this.packs = new PackListing(store, paths);
    this.loose = new Loose(store, paths, first);
    this.next = first;
  }

  /**
   * The number of the newest segment.
   *
   * @return empty when there is none
   */
  static OptionalLong newest(final ReadableStore store, final RecordingPaths paths)
      throws IOException {
    final OptionalLong packed = new PackListing(store, paths).newest();
    final List<Directory> directories = directories(store, paths);
    for (int i = directories.size() - 1; i >= 0; i--) {
      final List<SegmentPlace> objects = objects(store, directories.get(i));
      if (!objects.isEmpty()) { // else the recorder was killed before it came to the first one
        return OptionalLong.of(
            Math.max(objects.get(objects.size() - 1).number(), packed.orElse(0)));
      }
    }
    return packed;
  }

  @Override
  public @Nullable SegmentPlace next() throws IOException {
    while (!looseIsOver && (nextLoose == null || nextLoose.number() < next)) {
      nextLoose = loose.next();
      looseIsOver = nextLoose == null;
    }
    SegmentPlace found = nextLoose;
    if (found == null || found.number() != next) {
      found = found == null && !lastWasPacked ? null : places.packed(next).orElse(null);
      if (found == null) {
        found = behindAHole();
      }
    }
    if (found != null) {
      next = found.number() + 1;
      lastWasPacked = found.packed();
    }
    return found;
  }

  /** Segments are missing here, or it is the end. */
  private @Nullable SegmentPlace behindAHole() throws IOException {
    final OptionalLong packed = packs.firstFrom(next);
    if (packed.isPresent() && (nextLoose == null || packed.getAsLong() < nextLoose.number())) {
      return places.inPack(packed.getAsLong());
    }
    return nextLoose;
  }

  private record Directory(long first, String path) {}

  private static List<Directory> directories(final ReadableStore store, final RecordingPaths paths)
      throws IOException {
    return store.list(paths.segments()).stream()
        .filter(s -> s.isDirectory() && SegmentName.firstOf(s.name()).isPresent())
        .map(s -> new Directory(SegmentName.firstOf(s.name()).orElseThrow(), s.path()))
        .toList();
  }

  private static List<SegmentPlace> objects(final ReadableStore store, final Directory directory)
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
        .map(
            object ->
                SegmentPlaces.loose(SegmentName.sealedNumber(object.name()).orElseThrow(), object))
        .toList();
  }

  /**
   * Removes directories in which there is no segment any more, and never will be one.
   *
   * @param first number of the first segment that may have been in one of them
   * @param end number behind the last one
   */
  static void removeEmptyDirectories(
      final ObjectStore store, final RecordingPaths paths, final long first, final long end)
      throws IOException {
    for (final Directory directory : directories(store, paths)) {
      final long behind = directory.first + SegmentName.PER_DIRECTORY;
      if (behind > first && behind <= end && store.list(directory.path).isEmpty()) {
        store.delete(directory.path);
      }
    }
  }

  /** Those with an object of their own. One directory of them is in memory at a time. */
  static final class Loose implements InOrder.Things<SegmentPlace> {
    private final ReadableStore store;
    private final long first;
    private final Iterator<Directory> directories;
    private final Deque<SegmentPlace> objects = new ArrayDeque<>();

    /**
     * Lists the directories.
     *
     * @param first number from which on segments are wanted
     */
    Loose(final ReadableStore store, final RecordingPaths paths, final long first)
        throws IOException {
      this.store = store;
      this.first = first;
      this.directories =
          directories(store, paths).stream()
              .filter(directory -> directory.first + SegmentName.PER_DIRECTORY > first)
              .iterator();
    }

    @Override
    public @Nullable SegmentPlace next() throws IOException {
      while (objects.isEmpty() && directories.hasNext()) {
        objects(store, directories.next()).stream()
            .filter(object -> object.number() >= first)
            .forEach(objects::add);
      }
      return objects.poll();
    }
  }
}
