package io.blockcam.history;

import io.blockcam.archive.SegmentName;

/**
 * Where a segment lies in a store: in an object of its own, or with others in a pack.
 *
 * @param number of the segment, as its name or its pack tells
 * @param path of the object that holds it
 * @param offset of its first byte in there
 * @param lengthBytes bytes of it; 0 when its pack does not tell where it is
 * @param packed whether others are in there, too
 */
public record SegmentPlace(
    long number, String path, long offset, long lengthBytes, boolean packed) {

  /** How errors call it: its path, behind that of its pack. */
  String name() {
    return packed ? path + "/" + SegmentName.sealed(number) : path;
  }
}
