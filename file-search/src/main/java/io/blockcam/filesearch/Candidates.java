package io.blockcam.filesearch;

import io.blockcam.history.HeapShare;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Where files may lie, as hits of their probative sectors tell. One thread. */
final class Candidates {
  /**
   * What proves nothing, or is not found by its key, may lie so far before the first hit and behind
   * the last; and the farther the farther these are from each other: then much of the file is
   * there.
   */
  private static final int MARGIN = 128;

  private static final long MARGIN_FACTOR = 16;

  /** Memory for each place, and for each sector that is followed twice at the same time. */
  private static final int PLACE_COST_BYTES = 160;

  private static final int SECTOR_COST_BYTES = 48;
  private static final int HEAP_PERCENT = 20;

  private static final int MOST_PLACES =
      (int) Math.min(Blocks.MOST_STRETCHES, HeapShare.bytes(HEAP_PERCENT) / PLACE_COST_BYTES);
  private static final long MOST_FOLLOWED = HeapShare.bytes(HEAP_PERCENT) / SECTOR_COST_BYTES;

  private final TargetSet targets;
  private final Map<Placement, Hits> hits = new LinkedHashMap<>();

  /** Targets of which a key was found that is looked for first. */
  private final BitSet found = new BitSet();

  private static final class Hits {
    private int first = Integer.MAX_VALUE;
    private int last;
  }

  /**
   * A stretch of a file that may lie somewhere.
   *
   * @param from its first sector, of the file
   * @param to the sector behind its last one
   */
  record Stretch(Placement placement, int from, int to) {

    long firstDiskSector() {
      return placement.base() + from;
    }

    long endDiskSector() {
      return placement.base() + to;
    }
  }

  Candidates(final TargetSet targets) {
    this.targets = targets;
  }

  /** Adds what was found in a segment; what is added again changes nothing. */
  void add(final SegmentScan.Hits scanned) throws FileSearchException {
    found.or(scanned.first());
    for (int i = 0; i < scanned.count(); i++) {
      hit(scanned.places()[i], scanned.diskSectors()[i]);
    }
  }

  /** The targets that are not absent. */
  BitSet found() {
    return found;
  }

  /**
   * A sector of a file stood on the disk once.
   *
   * @param place of it among those of all targets
   * @throws FileSearchException when there are too many of them for the heap
   */
  private void hit(final int place, final long diskSector) throws FileSearchException {
    final int number = targets.targetAt(place);
    final int sector = place - targets.targets().get(number).place();
    if (hits.size() >= MOST_PLACES) {
      throw FileSearchException.tooMany();
    }
    final Hits at =
        hits.computeIfAbsent(new Placement(number, diskSector - sector), key -> new Hits());
    at.first = Math.min(at.first, sector);
    at.last = Math.max(at.last, sector);
  }

  /**
   * All of them, by their targets.
   *
   * @throws FileSearchException when to follow them takes more than the heap
   */
  List<Stretch> stretches() throws FileSearchException {
    final List<Stretch> all = new ArrayList<>();
    hits.forEach(
        (placement, at) -> {
          if (!found.get(placement.target())) {
            return;
          }
          final int sectors = targets.targets().get(placement.target()).sectors();
          final long margin = MARGIN + MARGIN_FACTOR * (at.last - at.first);
          final long before = Math.max(at.first - margin, -placement.base());
          all.add(
              new Stretch(
                  placement,
                  (int) Math.max(0, before),
                  (int) Math.min(sectors, at.last + 1L + margin)));
        });
    final long sectors = all.stream().mapToLong(stretch -> stretch.to() - stretch.from()).sum();
    if (sectors > MOST_FOLLOWED) {
      throw FileSearchException.tooMany();
    }
    all.sort(
        Comparator.<Stretch>comparingInt(stretch -> stretch.placement().target())
            .thenComparingLong(stretch -> stretch.placement().base()));
    return all;
  }
}
