package io.blockcam.filesearch;

import java.util.AbstractList;
import java.util.Arrays;
import java.util.Objects;
import java.util.Optional;
import java.util.RandomAccess;

/**
 * Items of an {@link Evidence} without an object for each: a large file has millions. Not changed
 * any more once it is handed out.
 */
final class Items extends AbstractList<Evidence.Item> implements RandomAccess {
  private static final int LONGS = 6;

  /** Of an item from nowhere. */
  private static final long NO_SEGMENT = -1;

  /** Sectors and their number, disk sector, segment, record and payload, epoch, sequence. */
  private long[] all = new long[LONGS];

  private int count;

  void add(final Extent extent, final Optional<Evidence.Source> source) {
    if ((count + 1) * LONGS > all.length) {
      all = Arrays.copyOf(all, Math.multiplyExact(2, all.length));
    }
    final int at = count++ * LONGS;
    all[at] = pair(extent.sector(), extent.sectors());
    all[at + 1] = extent.diskSector();
    if (source.isPresent() && extent.origin() instanceof final Extent.Recorded recorded) {
      all[at + 2] = recorded.segment();
      all[at + 3] = pair(recorded.record(), source.get().payload());
      all[at + 4] = source.get().epoch();
      all[at + 5] = source.get().sequence();
    } else {
      all[at + 2] = NO_SEGMENT;
    }
  }

  private static long pair(final int high, final int low) {
    return (long) high << Integer.SIZE | Integer.toUnsignedLong(low);
  }

  @Override
  public Evidence.Item get(final int index) {
    final int at = Objects.checkIndex(index, count) * LONGS;
    final int sector = (int) (all[at] >>> Integer.SIZE);
    final int sectors = (int) all[at];
    final long segment = all[at + 2];
    if (segment == NO_SEGMENT) {
      return new Evidence.Item(
          new Extent(sector, sectors, all[at + 1], new Extent.Beginning()), Optional.empty());
    }
    final int record = (int) (all[at + 3] >>> Integer.SIZE);
    return new Evidence.Item(
        new Extent(sector, sectors, all[at + 1], new Extent.Recorded(segment, record)),
        Optional.of(new Evidence.Source(all[at + 4], all[at + 5], segment, (int) all[at + 3])));
  }

  @Override
  public int size() {
    return count;
  }
}
