package io.blockcam.archive.index;

import io.blockcam.archive.hash.Sha256;
import io.blockcam.archive.hash.Sha256Digest;
import io.blockcam.archive.segment.SegmentTables;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * What references say, in whatever order they come: the sum of their SHA-256. So what segments say
 * is compared with a catalog of them without being held. One thread.
 */
public final class CatalogSum {
  private static final int KEYS = 0;
  private static final int BLOCKS = 1;
  private static final int RUNS = 2;

  private final long[] sum = new long[Sha256Digest.BYTES / Long.BYTES];
  private final ByteBuffer one = ByteBuffer.allocate(2 * Integer.BYTES + 2 * Long.BYTES + 4);
  private final Sha256 sha = new Sha256();

  private void add(
      final int table, final long value, final long segment, final int record, final int more) {
    one.clear().putInt(table).putLong(value).putLong(segment).putInt(record).putInt(more);
    sha.update(one.array(), 0, one.position());
    final ByteBuffer digest = ByteBuffer.wrap(sha.finish().toByteArray());
    for (int i = 0; i < sum.length; i++) {
      sum[i] += digest.getLong();
    }
  }

  /** Adds what the records of a segment are found by. */
  public void add(final long segment, final SegmentTables tables) {
    for (int i = 0; i < tables.records().count(); i++) {
      CatalogBuilder.each(
          tables,
          i,
          (value, record, more) -> add(KEYS, value, segment, record, more),
          (value, record, more) -> add(BLOCKS, value, segment, record, more),
          (value, record, more) -> add(RUNS, value, segment, record, more));
    }
  }

  /**
   * Adds what a catalog says.
   *
   * @throws IndexException when it is damaged
   */
  public void add(final CatalogReader catalog) throws IOException {
    add(KEYS, catalog.keys());
    add(BLOCKS, catalog.blocks());
    add(RUNS, catalog.runs());
  }

  private void add(final int table, final RefTable refs) throws IOException {
    refs.each(
        (value, ref, more) ->
            add(
                table,
                value,
                refs.firstSegment() + RecordRef.segment(ref),
                RecordRef.record(ref),
                more));
  }

  /** Whether both were told the same. */
  public boolean isThatOf(final CatalogSum other) {
    return Arrays.equals(sum, other.sum);
  }
}
