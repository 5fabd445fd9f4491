package io.blockcam.history;

import io.blockcam.archive.hash.Sha256Digest;
import io.blockcam.archive.pack.PackDirectory;
import io.blockcam.archive.pack.PackException;
import io.blockcam.archive.segment.SegmentException;
import io.blockcam.archive.segment.SegmentReader;
import io.blockcam.store.ObjectStatus;
import io.blockcam.store.ReadableStore;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What is wrong with packs, besides the segments in them: for somebody who reads all segments in
 * their order. One thread.
 */
public final class PackFindings {
  private final ReadableStore store;
  private final SegmentPlaces places;
  private final PackListing packs;

  /** The pack that was looked at last. */
  private String looked = "";

  PackFindings(final ReadableStore store, final SegmentPlaces places, final PackListing packs) {
    this.store = store;
    this.places = places;
    this.packs = packs;
  }

  /**
   * Looks at the pack of a segment when it is the first one of that; and where a segment has an
   * object of its own although there is a pack of its span, at the one in there.
   *
   * @param place of a segment behind the one before
   * @param digest of the segment there; empty when it cannot be read
   */
  public List<String> next(final SegmentPlace place, final Optional<Sha256Digest> digest)
      throws IOException {
    final List<String> findings = new ArrayList<>();
    if (!place.packed()) {
      for (final int size : PackSpans.SIZES) {
        if (digest.isPresent() && packs.has(size, PackSpans.first(place.number(), size))) {
          compare(place, digest.get(), findings);
        }
      }
    } else if (!place.path().equals(looked)) {
      looked = place.path();
      for (final int size : PackSpans.SIZES) {
        final long first = PackSpans.first(place.number(), size);
        if (place.path().equals(places.path(size, first))) {
          checkDirectories(size, first, findings);
        }
      }
    }
    return findings;
  }

  /** Who was killed between making a pack and removing what is in it leaves both: the same. */
  private void compare(
      final SegmentPlace own, final Sha256Digest digest, final List<String> findings)
      throws IOException {
    final Optional<SegmentPlace> packed = places.packed(own.number());
    try {
      if (packed.isPresent()
          && !SegmentReader.open(places.bytes(packed.get())).trailer().digest().equals(digest)) {
        findings.add(
            "%s/%s: is not the segment that is in the pack"
                .formatted(store.describe(), own.name()));
      }
    } catch (final SegmentException e) {
      findings.add(String.valueOf(e.getMessage()));
    }
  }

  private void checkDirectories(final int size, final long first, final List<String> findings)
      throws IOException {
    final String path = places.path(size, first);
    final long bytes = store.status(path).map(ObjectStatus::lengthBytes).orElse(0L);
    for (final long offset : new long[] {0, bytes - PackDirectory.bytes(size)}) {
      try {
        if (places.read(size, first, offset).packBytes() != bytes) {
          findings.add("%s/%s: is not as long as it says".formatted(store.describe(), path));
          return;
        }
      } catch (final PackException e) {
        findings.add(String.valueOf(e.getMessage()));
      }
    }
  }
}
