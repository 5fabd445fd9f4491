package io.blockcam.filesearch;

import io.blockcam.archive.hash.SectorHash;
import java.util.BitSet;
import java.util.OptionalLong;

/**
 * What has to be on a disk for all of a file to be there.
 *
 * @param target number of the file among those that are looked for
 * @param required its sectors that must be there; not changed any more
 * @param lastHash of its last sector as it stands on the disk; empty for that of the file, filled
 *     with zeroes
 */
record Aim(int target, BitSet required, OptionalLong lastHash) {

  /** All of it, the last sector filled with zeroes. */
  static Aim strict(final TargetSet targets, final int target) {
    final BitSet required = new BitSet();
    required.set(0, targets.targets().get(target).sectors());
    return new Aim(target, required, OptionalLong.empty());
  }

  /**
   * All but what need not be there: sectors of zeroes, which may be holes of the file, and a last
   * sector that is a part, behind which there may be anything.
   */
  static Aim lax(final TargetSet targets, final int target) {
    final Target of = targets.targets().get(target);
    final BitSet required = strict(targets, target).required;
    for (int s = 0; s < of.sectors(); s++) {
      if (targets.hash(of.place() + s) == SectorHash.ZERO_SECTOR) {
        required.clear(s);
      }
    }
    if (of.hasTail()) {
      required.clear(of.sectors() - 1);
    }
    return new Aim(target, required, OptionalLong.empty());
  }

  /** The same with the last sector that was found on the disk. */
  Aim withLast(final int sector, final long hash) {
    final BitSet all = (BitSet) required.clone();
    all.set(sector);
    return new Aim(target, all, OptionalLong.of(hash));
  }
}
