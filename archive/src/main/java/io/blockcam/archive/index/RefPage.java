package io.blockcam.archive.index;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdException;
import java.util.Arrays;

/**
 * Values, in their order, and the records that have them.
 *
 * <p>Stored as one zstd frame of
 *
 * <pre>
 *   entries x 6   how much higher the value is than the one before (the first: than 0): all lowest
 *                 bytes, then all second ones, ...
 *   entries x 6   the {@link RecordRef} without its two lowest bits, in the same way
 *   entries x 4   blocks of the record behind its first one, in the same way
 * </pre>
 */
final class RefPage {
  /** Entries of each but the last one of a table. */
  static final int FULL = 1024;

  /** Bits of a value. */
  static final int VALUE_BITS = 48;

  private static final int VALUE_BYTES = VALUE_BITS / Byte.SIZE;
  private static final int REF_BYTES = 6;
  private static final int MORE_BYTES = Integer.BYTES;

  /** Of an entry, before it is compressed. */
  static final int ENTRY_BYTES = VALUE_BYTES + REF_BYTES + MORE_BYTES;

  private static final int ZSTD_LEVEL = 1;

  private final long[] values;
  private final long[] refs;
  private final int[] more;
  private int count;

  RefPage() {
    this(FULL);
  }

  private RefPage(final int size) {
    values = new long[size];
    refs = new long[size];
    more = new int[size];
  }

  /**
   * Adds what comes next.
   *
   * @param moreBlocks of the record behind its first one, u32
   */
  void add(final long value, final long ref, final int moreBlocks) {
    values[count] = value;
    refs[count] = ref;
    more[count++] = moreBlocks;
  }

  int count() {
    return count;
  }

  boolean isFull() {
    return count == FULL;
  }

  long value(final int i) {
    return values[i];
  }

  /** The record. */
  long ref(final int i) {
    return refs[i];
  }

  /** Blocks of the record behind its first one, u32. */
  int more(final int i) {
    return more[i];
  }

  void clear() {
    count = 0;
  }

  /** The first one of a value or of one behind it. */
  int from(final long value) {
    int i = Arrays.binarySearch(values, 0, count, value);
    if (i < 0) {
      return -i - 1;
    }
    while (i > 0 && values[i - 1] == value) {
      i--;
    }
    return i;
  }

  byte[] encode() {
    final byte[] plain = new byte[ENTRY_BYTES * count];
    long last = 0;
    for (int i = 0; i < count; i++) {
      put(plain, i, 0, VALUE_BYTES, values[i] - last);
      put(plain, i, VALUE_BYTES * count, REF_BYTES, refs[i] >>> 2);
      put(plain, i, (VALUE_BYTES + REF_BYTES) * count, MORE_BYTES, more[i]);
      last = values[i];
    }
    return Zstd.compress(plain, ZSTD_LEVEL);
  }

  private void put(
      final byte[] plain, final int i, final int at, final int bytes, final long value) {
    for (int k = 0; k < bytes; k++) {
      plain[at + k * count + i] = (byte) (value >>> Byte.SIZE * k);
    }
  }

  private static long get(
      final byte[] plain, final int i, final int at, final int bytes, final int count) {
    long value = 0;
    for (int k = 0; k < bytes; k++) {
      value |= (plain[at + k * count + i] & 0xffL) << Byte.SIZE * k;
    }
    return value;
  }

  /**
   * Decodes one; its CRC32C is checked by whoever has read it.
   *
   * @param count entries in it, 1 to {@value #FULL}
   * @param segments that the catalog covers
   */
  static RefPage decode(
      final String file, final byte[] stored, final int count, final long segments)
      throws IndexException {
    final byte[] plain = new byte[ENTRY_BYTES * count];
    try {
      if (Zstd.decompressByteArray(plain, 0, plain.length, stored, 0, stored.length)
          != plain.length) {
        throw damaged(file);
      }
    } catch (final ZstdException e) {
      throw damaged(file);
    }
    final RefPage page = new RefPage(count);
    long value = 0;
    for (int i = 0; i < count; i++) {
      value += get(plain, i, 0, VALUE_BYTES, count);
      final long ref = get(plain, i, VALUE_BYTES * count, REF_BYTES, count) << 2;
      if (value >>> VALUE_BITS != 0 || RecordRef.segment(ref) >= segments) {
        throw damaged(file);
      }
      page.add(
          value, ref, (int) get(plain, i, (VALUE_BYTES + REF_BYTES) * count, MORE_BYTES, count));
    }
    return page;
  }

  static IndexException damaged(final String file) {
    return new IndexException(file, "has a damaged page of references");
  }
}
