package io.blockcam.filesearch;

import io.blockcam.history.HeapShare;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Where files may lie, as hits of their probative sectors tell. One thread. */
final class Candidates {
  /** What proves nothing may lie so far before the first hit, and behind the last. */
  private static final int MARGIN = 128;

  /** Memory for each place, and for each sector that is followed twice at the same time. */
  private static final int PLACE_COST_BYTES = 160;

  private static final int SECTOR_COST_BYTES = 48;
  private static final int HEAP_PERCENT = 20;

  private static final int MOST_PLACES =
      (int) Math.min(Blocks.MOST_STRETCHES, HeapShare.bytes(HEAP_PERCENT) / PLACE_COST_BYTES);
  private static final long MOST_FOLLOWED = HeapShare.bytes(HEAP_PERCENT) / SECTOR_COST_BYTES;

  private final TargetSet targets;
  private final Map<Placement, Hits> hits = new LinkedHashMap<>();

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

  /**
   * A sector of a file stood on the disk once.
   *
   * @param place of it among those of all targets
   * @throws FileSearchException when there are too many of them for the heap
   */
  void hit(final int place, final long diskSector) throws FileSearchException {
    final int number = targets.targetAt(place);
    final int sector = place - targets.targets().get(number).place();
    if (hits.size() >= MOST_PLACES) {
      throw tooMany();
    }
    final Hits found =
        hits.computeIfAbsent(new Placement(number, diskSector - sector), key -> new Hits());
    found.first = Math.min(found.first, sector);
    found.last = Math.max(found.last, sector);
  }

  private static FileSearchException tooMany() {
    return new FileSearchException(
        "there are too many places on which the files may have lain for this heap: look for fewer at a"
            + " time, or set BLOCKCAM_HEAP to more");
  }

  /** How many there are by now. */
  int count() {
    return hits.size();
  }

  /**
   * All of them, by their targets.
   *
   * @throws FileSearchException when to follow them takes more than the heap
   */
  List<Stretch> stretches() throws FileSearchException {
    final List<Stretch> all = new ArrayList<>();
    hits.forEach(
        (placement, found) -> {
          final int sectors = targets.targets().get(placement.target()).sectors();
          final long before = Math.max(found.first - (long) MARGIN, -placement.base());
          all.add(
              new Stretch(
                  placement,
                  (int) Math.max(0, before),
                  (int) Math.min(sectors, found.last + 1L + MARGIN)));
        });
    final long sectors = all.stream().mapToLong(stretch -> stretch.to() - stretch.from()).sum();
    if (sectors > MOST_FOLLOWED) {
      throw tooMany();
    }
    all.sort(
        Comparator.<Stretch>comparingInt(stretch -> stretch.placement().target())
            .thenComparingLong(stretch -> stretch.placement().base()));
    return all;
  }
}
