package io.blockcam.capture.support;

import io.blockcam.capture.ring.DirtyRegions;
import java.util.stream.IntStream;

/** Regions as they are when a recorder has run for a while. */
public final class Regions {

  private Regions() {}

  /** None has to be waited for. */
  public static DirtyRegions allDirty(final long diskBytes) {
    final DirtyRegions regions = new DirtyRegions(diskBytes, 1 << 20);
    regions.makeDirty(IntStream.range(0, regions.count()));
    return regions;
  }
}
