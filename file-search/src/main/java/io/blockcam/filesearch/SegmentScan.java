package io.blockcam.filesearch;

import io.blockcam.archive.index.SectorKeys;
import io.blockcam.archive.segment.SegmentTables;
import java.util.Arrays;
import java.util.BitSet;

/**
 * Looks for sectors of files in the tables of a segment: what it finds may have stood on the disk.
 * Immutable, safe for several threads.
 */
public final class SegmentScan {
  private final TargetSet targets;

  /**
   * @param targets whose probative sectors are looked for
   */
  public SegmentScan(final TargetSet targets) {
    this.targets = targets;
  }

  /**
   * What was found, in the order of the records.
   *
   * @param places of sectors of files
   * @param diskSectors on which they stood
   * @param first targets of which a key was found that is looked for first
   */
  public record Hits(int count, int[] places, long[] diskSectors, BitSet first) {}

  /**
   * Looks at some records.
   *
   * @param from the first one
   * @param to the one behind the last
   */
  public Hits of(final SegmentTables tables, final int from, final int to) {
    final Look look = new Look(tables);
    for (int i = from; i < to; i++) {
      look.at(i);
    }
    return look.hits();
  }

  /** Takes what is found in a segment. */
  private final class Look implements SectorKeys.Sink {
    private final SegmentTables tables;
    private final BitSet ofRecord = new BitSet();
    private final BitSet first = new BitSet();
    private int[] places = new int[16];
    private long[] sectors = new long[16];
    private int count;

    Look(final SegmentTables tables) {
      this.tables = tables;
    }

    void at(final int i) {
      if (!SectorKeys.hasAny(tables.records(), i)) {
        return;
      }
      SectorKeys.each(tables, i, this);
      if (!ofRecord.isEmpty()) {
        lookCloser(i);
        ofRecord.clear();
      }
    }

    @Override
    public void take(final long hash) {
      if (targets.keys().mayHave(hash)) {
        targets
            .keys()
            .find(
                hash,
                place -> {
                  final int target = targets.targetAt(place);
                  ofRecord.set(target);
                  if (targets.isFirst(place)) {
                    first.set(target);
                  }
                });
      }
    }

    /** All sectors of these targets, not only the one by which the record was found. */
    private void lookCloser(final int i) {
      final int payload = tables.records().payloadIndex(i);
      final int mask = tables.records().sectorMask(i);
      for (int s = 0; s < Tracker.BLOCK_SECTORS; s++) {
        final long hash = tables.sectorHash(payload, s);
        if ((mask & 1 << s) != 0 && targets.index().mayHave(hash)) {
          final long diskSector = tables.records().block(i) * Tracker.BLOCK_SECTORS + s;
          targets.index().find(hash, place -> add(place, diskSector));
        }
      }
    }

    private void add(final int place, final long diskSector) {
      if (!ofRecord.get(targets.targetAt(place))) {
        return;
      }
      if (count == places.length) {
        places = Arrays.copyOf(places, 2 * count);
        sectors = Arrays.copyOf(sectors, 2 * count);
      }
      places[count] = place;
      sectors[count++] = diskSector;
    }

    Hits hits() {
      return new Hits(count, places, sectors, first);
    }
  }
}
