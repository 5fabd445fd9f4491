package io.blockcam.archive.index;

import static io.blockcam.archive.record.RecordDescriptor.BLOCK_SECTORS;
import static io.blockcam.archive.record.RecordDescriptor.WHOLE_BLOCK;

import io.blockcam.archive.hash.SectorHash;
import io.blockcam.archive.record.RecordFlags;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.archive.record.RecordTable;
import io.blockcam.archive.segment.SegmentTables;
import java.util.Arrays;

/**
 * What a record is looked up by when somebody looks for content. Of a whole block that is the
 * smallest of its sector hashes, so that any eight sectors of a file side by side are found by the
 * smallest of theirs, wherever blocks begin (winnowing: Schleimer, Wilkerson and Aiken, SIGMOD
 * 2003). Of a part of a block each sector that was written counts. Sectors filled with one byte,
 * which are everywhere, never do.
 */
public final class SectorKeys {
  /** Bits of a key: the upper ones of a hash. */
  public static final int BITS = RefPage.VALUE_BITS;

  private static final int VALUES_OF_A_BYTE = 256;

  /** Slots of the table of hashes that do not count: a power of two, mostly empty. */
  private static final int SLOTS = 2048;

  private static final long[] CONSTANT = constants();

  private SectorKeys() {}

  /** Takes hashes. */
  @FunctionalInterface
  public interface Sink {
    void take(long hash);
  }

  private static long[] constants() {
    final long[] table = new long[SLOTS];
    final byte[] sector = new byte[SectorHash.SECTOR_BYTES];
    for (int value = 0; value < VALUES_OF_A_BYTE; value++) {
      Arrays.fill(sector, (byte) value);
      final long hash = SectorHash.of(sector, 0);
      int slot = slot(hash);
      while (table[slot] != 0) {
        slot = (slot + 1) % SLOTS;
      }
      table[slot] = hash;
    }
    return table;
  }

  private static int slot(final long hash) {
    return (int) (hash >>> Long.SIZE - Integer.numberOfTrailingZeros(SLOTS));
  }

  /** Whether a sector is filled with one byte. */
  public static boolean isConstant(final long hash) {
    for (int slot = slot(hash); CONSTANT[slot] != 0; slot = (slot + 1) % SLOTS) {
      if (CONSTANT[slot] == hash) {
        return true;
      }
    }
    return false;
  }

  /** What of a hash is stored. */
  public static long key(final long hash) {
    return hash >>> Long.SIZE - BITS;
  }

  /** Whether a record has content that somebody may look for. */
  public static boolean hasAny(final RecordTable records, final int i) {
    final RecordKind kind = records.kind(i);
    return kind.hasBlocks()
        && kind.hasPayload()
        && !records.hasFlag(i, RecordFlags.FAILED)
        && !records.hasFlag(i, RecordFlags.ALL_ZERO);
  }

  /**
   * Hands out the hashes that a record is looked up by.
   *
   * @param i one that {@linkplain #hasAny has any}
   */
  public static void each(final SegmentTables tables, final int i, final Sink sink) {
    final int payload = tables.records().payloadIndex(i);
    final int mask = tables.records().sectorMask(i);
    if (mask != WHOLE_BLOCK) {
      for (int s = 0; s < BLOCK_SECTORS; s++) {
        final long hash = tables.sectorHash(payload, s);
        if ((mask & 1 << s) != 0 && !isConstant(hash)) {
          sink.take(hash);
        }
      }
      return;
    }
    // In the order of unsigned numbers; the smallest one is hardly ever one that does not count.
    long least = Long.MAX_VALUE;
    for (int s = 0; s < BLOCK_SECTORS; s++) {
      least = Math.min(least, tables.sectorHash(payload, s) ^ Long.MIN_VALUE);
    }
    if (!isConstant(least ^ Long.MIN_VALUE)) {
      sink.take(least ^ Long.MIN_VALUE);
    } else {
      takeLeastThatCounts(tables, payload, sink);
    }
  }

  private static void takeLeastThatCounts(
      final SegmentTables tables, final int payload, final Sink sink) {
    long least = 0;
    boolean isAny = false;
    for (int s = 0; s < BLOCK_SECTORS; s++) {
      final long hash = tables.sectorHash(payload, s);
      if ((!isAny || Long.compareUnsigned(hash, least) < 0) && !isConstant(hash)) {
        least = hash;
        isAny = true;
      }
    }
    if (isAny) {
      sink.take(least);
    }
  }
}
