package io.blockcam.replay;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** A set of blocks that come in long runs. */
public final class BlockRanges {

  /** First block of each range to the block after its last; ranges neither touch nor overlap. */
  private final TreeMap<Long, Long> ranges = new TreeMap<>();

  /** How many blocks. */
  public long blocks() {
    return ranges.entrySet().stream().mapToLong(range -> range.getValue() - range.getKey()).sum();
  }

  /** Adds all of another set. */
  public void addAll(final BlockRanges other) {
    other.ranges.forEach((from, to) -> add(from, to - from));
  }

  /** The ranges, in order: first block, block after the last. */
  public List<Map.Entry<Long, Long>> ranges() {
    return List.copyOf(ranges.entrySet());
  }

  public boolean isEmpty() {
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
