package io.blockcam.replay;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** A set of blocks that come in long runs. */
final class BlockRanges {

  /** First block of each range to the block after its last; ranges neither touch nor overlap. */
  private final TreeMap<Long, Long> ranges = new TreeMap<>();

  boolean contains(final long block) {
    final Map.Entry<Long, Long> floor = ranges.floorEntry(block);
    return floor != null && floor.getValue() > block;
  }

  /** How many blocks. */
  long blocks() {
    return ranges.entrySet().stream().mapToLong(range -> range.getValue() - range.getKey()).sum();
  }

  /** Adds all of another set. */
  void addAll(final BlockRanges other) {
    other.ranges.forEach((from, to) -> add(from, to - from));
  }

  /** Adds the blocks from one to before another, but for those of a set. */
  void addWithout(final long from, final long to, final BlockRanges without) {
    long at = from;
    final Map.Entry<Long, Long> before = without.ranges.floorEntry(from);
    if (before != null) {
      at = Math.max(at, before.getValue());
    }
    for (final Map.Entry<Long, Long> range :
        without.ranges.subMap(from, false, to, false).entrySet()) {
      addUpTo(at, range.getKey());
      at = range.getValue();
    }
    addUpTo(at, to);
  }

  private void addUpTo(final long from, final long to) {
    if (from < to) {
      add(from, to - from);
    }
  }

  /** The ranges, in order: first block, block after the last. */
  List<Map.Entry<Long, Long>> ranges() {
    return List.copyOf(ranges.entrySet());
  }

  void clear() {
    ranges.clear();
  }

  boolean isEmpty() {
    return ranges.isEmpty();
  }

  void add(final long first, final long count) {
    long from = first;
    long to = first + count;
    Map.Entry<Long, Long> neighbour = ranges.floorEntry(to);
    while (neighbour != null && neighbour.getValue() >= from) {
      from = Math.min(from, neighbour.getKey());
      to = Math.max(to, neighbour.getValue());
      ranges.remove(neighbour.getKey());
      neighbour = ranges.floorEntry(to);
    }
    ranges.put(from, to);
  }
}
