package io.blockcam.replay;

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
