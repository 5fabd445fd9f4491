package io.blockcam.capture.spool;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Blocks of a disk that come and go one range at a time. One thread at a time. */
public final class BlockRanges {

  /** Ends by beginnings; none touches another. */
  private final TreeMap<Long, Long> ends = new TreeMap<>();

  private long blocks;

  /** Adds all blocks of a doubt. */
  public void addAll(final Doubt doubt) {
    doubt.ranges().forEach(this::add);
  }

  /** The same of others. */
  public void addAll(final BlockRanges others) {
    others.ends.forEach((first, end) -> add(new Doubt.Range(first, end - first)));
  }

  /** Adds a range, which may overlap what is there. */
  public void add(final Doubt.Range range) {
    long first = range.block();
    long end = range.end();
    for (Map.Entry<Long, Long> near = ends.floorEntry(end);
        near != null && near.getValue() >= first;
        near = ends.floorEntry(end)) {
      ends.remove(near.getKey());
      blocks -= near.getValue() - near.getKey();
      first = Math.min(first, near.getKey());
      end = Math.max(end, near.getValue());
    }
    ends.put(first, end);
    blocks += end - first;
  }

  /** Whether all blocks of a doubt are in it. */
  public boolean containsAll(final Doubt doubt) {
    return doubt.ranges().stream().allMatch(this::contains);
  }

  private boolean contains(final Doubt.Range range) {
    final Map.Entry<Long, Long> before = ends.floorEntry(range.block());
    return before != null && before.getValue() >= range.end();
  }

  /**
   * Takes the first range away.
   *
   * @throws IllegalStateException when it is empty
   */
  public Doubt.Range removeFirst() {
    final Map.Entry<Long, Long> first = ends.pollFirstEntry();
    if (first == null) {
      throw new IllegalStateException("there is none");
    }
    final long length = first.getValue() - first.getKey();
    blocks -= length;
    return new Doubt.Range(first.getKey(), length);
  }

  /** Takes everything away. */
  public void clear() {
    ends.clear();
    blocks = 0;
  }

  /**
   * Joins those that lie nearest to each other if there are more than so many: the blocks between
   * them are added.
   *
   * @return whether there were more
   */
  public boolean joinIfMoreThan(final int most) {
    final boolean join = ends.size() > most;
    if (join) {
      final Doubt joined = toDoubt().joinedTo(most / 2); // not for each one more
      clear();
      addAll(joined);
    }
    return join;
  }

  /** In order. */
  public List<Doubt.Range> ranges() {
    final List<Doubt.Range> ranges = new ArrayList<>(ends.size());
    ends.forEach((first, end) -> ranges.add(new Doubt.Range(first, end - first)));
    return ranges;
  }

  /** All of them as they are now; those that lie near to each other as one, if they are many. */
  public Doubt toDoubt() {
    return new Doubt(ranges());
  }

  /** Whether there is none. */
  public boolean isEmpty() {
    return ends.isEmpty();
  }

  /** How many blocks. */
  public long blocks() {
    return blocks;
  }
}
