package io.blockcam.filesearch;

import static io.blockcam.archive.hash.SectorHash.SECTOR_BYTES;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Whether a sector says anything of the file that it comes from. Sectors of padding, tables of
 * numbers and white space are in files of all kinds; found on a disk they prove nothing, and they
 * are most of what a search by hashes finds wrongly (Garfinkel and McCarrin, Hash-based carving,
 * DFRWS 2015). The rules are made for sectors of 512 bytes; those of that paper are for 4 KiB.
 */
public final class Probative {
  private static final VarHandle LITTLE =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle BIG =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);

  private static final int WORDS = SECTOR_BYTES / Integer.BYTES;

  /** Values of a byte that a sector must have more of. */
  private static final int FEW_BYTES = 4;

  private Probative() {}

  /**
   * Looks at a sector.
   *
   * @param bytes with 512 of them from the offset on
   */
  public static boolean is(final byte[] bytes, final int offset) {
    return !hasFewValues(bytes, offset)
        && !isWhiteSpace(bytes, offset)
        && !isDominated(bytes, offset)
        && !isOrdered(bytes, offset, LITTLE)
        && !isOrdered(bytes, offset, BIG);
  }

  /** Filled with a byte, or a drawing of a few. */
  private static boolean hasFewValues(final byte[] bytes, final int offset) {
    long low = 0;
    long mid = 0;
    long high = 0;
    long top = 0;
    for (int i = offset; i < offset + SECTOR_BYTES; i++) {
      final long bit = 1L << bytes[i];
      switch (bytes[i] >>> 6 & 3) {
        case 0 -> low |= bit;
        case 1 -> mid |= bit;
        case 2 -> high |= bit;
        default -> top |= bit;
      }
    }
    return Long.bitCount(low) + Long.bitCount(mid) + Long.bitCount(high) + Long.bitCount(top)
        <= FEW_BYTES;
  }

  /** Three quarters of it. */
  private static boolean isWhiteSpace(final byte[] bytes, final int offset) {
    int spaces = 0;
    for (int i = offset; i < offset + SECTOR_BYTES; i++) {
      spaces += bytes[i] == ' ' || bytes[i] >= '\t' && bytes[i] <= '\r' ? 1 : 0;
    }
    return spaces >= SECTOR_BYTES * 3 / 4;
  }

  /** A quarter of its words are the same one. */
  private static boolean isDominated(final byte[] bytes, final int offset) {
    final int[] words = new int[WORDS];
    for (int i = 0; i < WORDS; i++) {
      words[i] = (int) LITTLE.get(bytes, offset + i * Integer.BYTES);
    }
    Arrays.sort(words);
    int most = 0;
    for (int from = 0, i = 1; i <= WORDS; i++) {
      if (i == WORDS || words[i] != words[from]) {
        most = Math.max(most, i - from);
        from = i;
      }
    }
    return most > WORDS / 4;
  }

  /**
   * Words of one byte order that count up by one, half of them, or go up or down, three quarters of
   * them: tables of offsets, of samples, of contents. Of random words half go up.
   */
  private static boolean isOrdered(final byte[] bytes, final int offset, final VarHandle order) {
    int next = 0;
    int up = 0;
    int down = 0;
    int before = (int) order.get(bytes, offset);
    for (int i = 1; i < WORDS; i++) {
      final int word = (int) order.get(bytes, offset + i * Integer.BYTES);
      final int compared = Integer.compareUnsigned(word, before);
      next += word == before + 1 ? 1 : 0;
      up += compared > 0 ? 1 : 0;
      down += compared < 0 ? 1 : 0;
      before = word;
    }
    final int enough = (WORDS - 1) * 3 / 4;
    return next >= WORDS / 2 || up >= enough || down >= enough;
  }
}
