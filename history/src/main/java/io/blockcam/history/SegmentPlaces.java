package io.blockcam.history;

import io.blockcam.archive.Recording;
import io.blockcam.archive.RecordingPaths;
import io.blockcam.archive.pack.PackDirectory;
import io.blockcam.archive.pack.PackException;
import io.blockcam.store.ObjectNotFoundException;
import io.blockcam.store.ObjectStatus;
import io.blockcam.store.ReadableStore;
import io.blockcam.store.StoreException;
import io.blockcam.store.StoreRefusedException;
import io.blockcam.store.StoreUnavailableException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds segments in a store by their numbers. One that was published a while ago may be in a pack:
 * it gets there before the object of its own is removed, so that it is always in one of the two.
 * Safe for several threads.
 */
public final class SegmentPlaces {
  private static final Logger LOG = LoggerFactory.getLogger(SegmentPlaces.class);

  /** Directories of packs that are kept, of 4 KiB each. */
  private static final int KEPT = 64;

  private final ReadableStore store;
  private final Recording recording;
  private final RecordingPaths paths;

  /** Segments before this one are looked for in packs first. */
  private volatile long packedEnd;

  /**
   * The newest segment that was in a pack at the beginning; null as long as nobody wanted to know.
   */
  private volatile @Nullable OptionalLong newestPacked;

  /** By the paths of the packs. */
  private final Recent<String, PackDirectory> kept = new Recent<>(KEPT);

  /** Packs that have been told of. */
  private final Set<String> damaged = ConcurrentHashMap.newKeySet();

  /**
   * @param store stays the caller's
   */
  public SegmentPlaces(final ReadableStore store, final Recording recording) {
    this.store = store;
    this.recording = recording;
    this.paths = recording.paths();
  }

  /**
   * Finds a segment; nothing of it is read.
   *
   * @return empty when there is none of that number
   */
  public Optional<SegmentPlace> find(final long number) throws IOException {
    Optional<SegmentPlace> found = number < packedEnd ? packed(number) : Optional.empty();
    if (found.isEmpty()) {
      found = ofItsOwn(number);
    }
    return found.isPresent() ? found : packed(number); // it may have moved meanwhile
  }

  /** The archive may not be what it was: nothing that is remembered of it counts. */
  public void forget() {
    kept.clear();
    damaged.clear();
    packedEnd = 0;
    newestPacked = null;
  }

  /**
   * Finds a segment that was in a pack when this was asked for the first time: for the recorder,
   * which packs nothing that it has not shipped, and asks for the number of each that it ships.
   */
  public Optional<SegmentPlace> publishedInPack(final long number) throws IOException {
    OptionalLong newest = newestPacked;
    if (newest == null) {
      newest = new PackListing(store, paths).newest();
      newestPacked = newest;
    }
    return newest.isPresent() && number <= newest.getAsLong() ? packed(number) : Optional.empty();
  }

  /** The bytes of a segment, wherever it is moved to while they are read. */
  public SegmentBytes bytes(final SegmentPlace place) {
    return new SegmentBytes(store, this, place);
  }

  /**
   * Finds one that has an object of its own, as all have that no head names yet.
   *
   * @return empty when there is none of that number
   */
  Optional<SegmentPlace> ofItsOwn(final long number) throws IOException {
    return store
        .status(paths.segment(number))
        .filter(status -> !status.isDirectory())
        .map(status -> loose(number, status));
  }

  static SegmentPlace loose(final long number, final ObjectStatus status) {
    return new SegmentPlace(number, status.path(), 0, status.lengthBytes(), false);
  }

  /** A segment that is in a pack. */
  Optional<SegmentPlace> packed(final long number) throws IOException {
    for (final int size : PackSpans.SIZES) {
      final PackDirectory known = kept.get(paths.pack(size, PackSpans.first(number, size)));
      if (known != null) {
        return Optional.of(place(known, size, number));
      }
    }
    for (final int size : PackSpans.SIZES) {
      final long first = PackSpans.first(number, size);
      try {
        final PackDirectory directory = directory(size, first);
        packedEnd = Math.max(packedEnd, directory.end());
        return Optional.of(place(directory, size, number));
      } catch (final ObjectNotFoundException e) {
        LOG.trace("not in a pack of {}: {}", size, e.getMessage());
      } catch (final PackException e) {
        if (damaged.add(paths.pack(size, first))) {
          LOG.warn("its segments are not found: {}", e.getMessage());
        }
      }
    }
    return Optional.empty();
  }

  /**
   * A segment that is in a pack, as the name of that says.
   *
   * @return of no length, so that it is damaged, when the pack does not tell where it is
   */
  SegmentPlace inPack(final long number) throws IOException {
    final Optional<SegmentPlace> place = packed(number);
    return place.isPresent() ? place.get() : new SegmentPlace(number, paths.packs(), 0, 0, true);
  }

  private SegmentPlace place(final PackDirectory directory, final int size, final long number) {
    return new SegmentPlace(
        number,
        paths.pack(size, directory.first()),
        directory.offset(number),
        directory.length(number),
        true);
  }

  /**
   * Where the segments of a pack lie.
   *
   * @throws ObjectNotFoundException when there is no such pack
   * @throws PackException when neither its beginning nor its end tells
   */
  PackDirectory directory(final int size, final long first) throws IOException {
    final String path = paths.pack(size, first);
    final PackDirectory known = kept.get(path);
    if (known != null) {
      return known;
    }
    PackDirectory read;
    try {
      read = read(size, first, 0);
    } catch (final PackException e) {
      LOG.warn("the copy at its end is used: {}", e.getMessage());
      final long length =
          store.status(path).map(ObjectStatus::lengthBytes).orElse(0L) - PackDirectory.bytes(size);
      read = read(size, first, length);
    }
    kept.put(path, read);
    return read;
  }

  String path(final int size, final long first) {
    return paths.pack(size, first);
  }

  /**
   * Reads the directory of a pack.
   *
   * @param offset where it begins in there; negative when the pack is too short for one
   */
  PackDirectory read(final int size, final long first, final long offset) throws IOException {
    final String path = paths.pack(size, first);
    final String file = store.describe() + "/" + path;
    final ByteBuffer bytes = ByteBuffer.allocate(PackDirectory.bytes(size));
    if (offset < 0) {
      throw new PackException(file, "is shorter than its directory");
    }
    try {
      store.read(path, offset, bytes);
    } catch (final ObjectNotFoundException | StoreUnavailableException | StoreRefusedException e) {
      throw e;
    } catch (final StoreException e) {
      if (isShorter(path, offset + bytes.capacity())) {
        throw new PackException(file, "is shorter than its directory");
      }
      throw e;
    }
    return PackDirectory.decode(bytes.array(), recording.id(), first, file);
  }

  /** Whether something is there that has fewer bytes: a directory has none. */
  boolean isShorter(final String path, final long bytes) throws StoreException {
    return store
        .status(path)
        .filter(status -> status.isDirectory() || status.lengthBytes() < bytes)
        .isPresent();
  }
}
