package io.blockcam.archive.log;

import java.util.Arrays;

/** Where each payload of a log lies in its file. */
final class PayloadPlaces {
  /** Of the offset of everything in a log. */
  private static final int UNIT_BYTES = 64;

  private int[] places = new int[1 << 10];
  private int count;

  /** The next payload. */
  void add(final long offset) {
    if (count == places.length) {
      places = Arrays.copyOf(places, 2 * count);
    }
    places[count] = (int) (offset / UNIT_BYTES);
    count++;
  }

  int count() {
    return count;
  }

  long offset(final int payload) {
    return (long) places[payload] * UNIT_BYTES;
  }
}
