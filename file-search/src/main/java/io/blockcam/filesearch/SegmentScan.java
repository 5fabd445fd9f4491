package io.blockcam.filesearch;

import io.blockcam.archive.record.RecordFlags;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.archive.record.RecordTable;
import io.blockcam.archive.segment.SegmentTables;
import java.util.Arrays;
import java.util.BitSet;

/**
 * Looks for sectors of files in the tables of a segment: what it finds may have stood on the disk.
 * Immutable, safe for several threads.
 */
public final class SegmentScan {
  /** Hashes that are looked at before any of them is looked up. */
  private static final int AT_ONCE = 1024;

  private final SectorIndex index;

  /**
   * @param targets whose probative sectors are looked for
   */
  public SegmentScan(final TargetSet targets) {
    this.index = targets.index();
  }

  /**
   * What was found, in the order of the records.
   *
   * @param places of sectors of files
   * @param diskSectors on which they stood
   */
  public record Hits(int count, int[] places, long[] diskSectors) {}

  /**
   * Looks at some records.
   *
   * @param from the first one
   * @param to the one behind the last
   */
  public Hits of(final SegmentTables tables, final int from, final int to) {
    final BitSet payloads = payloads(tables);
    final Found found = new Found();
    if (!payloads.isEmpty()) {
      final RecordTable records = tables.records();
      for (int i = from; i < to; i++) {
        if (hasContent(records, i) && payloads.get(records.payloadIndex(i))) {
          look(tables, i, found);
        }
      }
    }
    return found.hits();
  }

  /** Those with a sector that is looked for; few have one. */
  private BitSet payloads(final SegmentTables tables) {
    final BitSet payloads = new BitSet();
    final int[] may = new int[AT_ONCE];
    for (int from = 0; from < tables.sectorHashes(); from += AT_ONCE) {
      final int to = Math.min(from + AT_ONCE, tables.sectorHashes());
      final int count = index.mayHave(tables, from, to, may);
      for (int i = 0; i < count; i++) {
        if (index.has(tables.sectorHash(may[i]))) {
          payloads.set(may[i] / Tracker.BLOCK_SECTORS);
        }
      }
    }
    return payloads;
  }

  private void look(final SegmentTables tables, final int i, final Found found) {
    final int payload = tables.records().payloadIndex(i);
    final int mask = tables.records().sectorMask(i);
    for (int s = 0; s < Tracker.BLOCK_SECTORS; s++) {
      final long hash = tables.sectorHash(payload, s);
      if ((mask & 1 << s) != 0 && index.mayHave(hash)) {
        final long diskSector = tables.records().block(i) * Tracker.BLOCK_SECTORS + s;
        index.find(hash, place -> found.add(place, diskSector));
      }
    }
  }

  private static boolean hasContent(final RecordTable records, final int i) {
    final RecordKind kind = records.kind(i);
    return kind.hasBlocks()
        && kind.hasPayload()
        && !records.hasFlag(i, RecordFlags.FAILED)
        && !records.hasFlag(i, RecordFlags.ALL_ZERO);
  }

  private static final class Found {
    private int[] places = new int[16];
    private long[] sectors = new long[16];
    private int count;

    void add(final int place, final long diskSector) {
      if (count == places.length) {
        places = Arrays.copyOf(places, 2 * count);
        sectors = Arrays.copyOf(sectors, 2 * count);
      }
      places[count] = place;
      sectors[count++] = diskSector;
    }

    Hits hits() {
      return new Hits(count, places, sectors);
    }
  }
}
