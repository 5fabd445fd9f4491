package io.blockcam.archive.log;

import java.util.Arrays;

/**
 * Which payload may equal another one: open addressing over 32 bits made of the eight sector
 * hashes. Proves nothing; the caller compares bytes. Hot path: allocates only when it grows.
 */
final class DedupTable {
  /** {@link #next} found no further candidate. */
  static final int NONE = -1;

  private static final int FIRST_SLOTS = 1 << 10;

  /** Tag in the upper half, payload index + 1 in the lower; 0 is free. */
  private long[] slots = new long[FIRST_SLOTS];

  private int count;
  private int cursor;

  /** Mixes the eight sector hashes of a payload into the key of this table. */
  static int tag(final long[] sectorHashes) {
    long mixed = 0;
    for (final long hash : sectorHashes) {
      mixed = Long.rotateLeft(mixed, 29) * 0x9e37_79b9_7f4a_7c15L + hash;
    }
    mixed ^= mixed >>> 32;
    return (int) mixed;
  }

  /** First payload that may be equal, or {@link #NONE}. */
  int first(final int tag) {
    cursor = tag & (slots.length - 1);
    return scan(tag);
  }

  /** The next one after {@link #first} with the same tag. */
  int next(final int tag) {
    cursor = (cursor + 1) & (slots.length - 1);
    return scan(tag);
  }

  void add(final int tag, final int payloadIndex) {
    if (2 * (count + 1) > slots.length) {
      grow();
    }
    insert(slots, slot(tag, payloadIndex));
    count++;
  }

  private int scan(final int tag) {
    while (slots[cursor] != 0) {
      if ((int) (slots[cursor] >>> 32) == tag) {
        return (int) slots[cursor] - 1;
      }
      cursor = (cursor + 1) & (slots.length - 1);
    }
    return NONE;
  }

  private void grow() {
    final long[] larger = new long[slots.length * 2];
    Arrays.stream(slots).filter(slot -> slot != 0).forEach(slot -> insert(larger, slot));
    slots = larger;
  }

  private static long slot(final int tag, final int payloadIndex) {
    return (long) tag << 32 | (payloadIndex + 1);
  }

  private static void insert(final long[] into, final long slot) {
    int at = (int) (slot >>> 32) & (into.length - 1);
    while (into[at] != 0) {
      at = (at + 1) & (into.length - 1);
    }
    into[at] = slot;
  }
}
