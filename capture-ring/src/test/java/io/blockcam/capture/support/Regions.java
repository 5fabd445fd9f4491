package io.blockcam.capture.support;

import io.blockcam.capture.ring.DirtyRegions;
import java.util.BitSet;

/** Regions as they are when a recorder has run for a while. */
public final class Regions {

  private Regions() {}

  /** None has to be waited for. */
  public static DirtyRegions allDirty(final long diskBytes) {
    final DirtyRegions regions = new DirtyRegions(diskBytes, 4 << 20);
    final BitSet all = new BitSet();
    all.set(0, regions.count());
    regions.makeDirty(all);
    return regions;
  }
}
