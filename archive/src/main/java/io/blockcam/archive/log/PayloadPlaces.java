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

  /** Any payload; some may be missing before it. */
  void put(final int payload, final long offset) {
    if (payload >= places.length) {
      places = Arrays.copyOf(places, Math.max(payload + 1, 2 * places.length));
    }
    places[payload] = (int) (offset / UNIT_BYTES);
    count = Math.max(count, payload + 1);
  }

  /** Whether it is known where it lies. */
  boolean has(final int payload) {
    return payload >= 0 && payload < count && places[payload] != 0;
  }

  int count() {
    return count;
  }

  long offset(final int payload) {
    return (long) places[payload] * UNIT_BYTES;
  }
}
