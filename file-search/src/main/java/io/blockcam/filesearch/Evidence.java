package io.blockcam.filesearch;

import java.util.List;
import java.util.Optional;

/**
 * Where a file was at a moment, and what of that was compared.
 *
 * @param extents what lay where, in the order of the file
 * @param comparedBytes of the file of which the recorded bytes have the SHA-256 that they must
 *     have; for the others only hashes of sectors vouch
 * @param problem why no more could be compared, if something was in the way
 */
public record Evidence(List<Item> extents, long comparedBytes, Optional<String> problem) {
  static final Evidence NONE = new Evidence(List.of(), 0, Optional.empty());

  /** Copies the list, but for one that takes little memory and is not changed any more. */
  public Evidence {
    extents = extents instanceof Items ? extents : List.copyOf(extents);
  }

  /**
   * Sectors side by side that one record has brought.
   *
   * @param extent where they are
   * @param source the record; empty where the disk was zero before the first one
   */
  public record Item(Extent extent, Optional<Source> source) {}

  /**
   * A record.
   *
   * @param epoch of it
   * @param sequence of it
   * @param segment number of its segment
   * @param payload which one of the segment; -1 where it is zero
   */
  public record Source(long epoch, long sequence, long segment, int payload) {}
}
