package io.blockcam.archive.index;

import io.blockcam.archive.hash.Crc32c;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/** Writes a {@link RefTable}. One thread. */
final class RefTableWriter implements RefCursor.Sink {
  private final Out out;
  private final long begin;
  private final Crc32c crc = new Crc32c();
  private final List<RefTable.Entry> directory = new ArrayList<>();
  private final RefPage page = new RefPage();
  private long count;

  /** Where the bytes go. */
  interface Out {
    /** How many have gone there. */
    long offset();

    void write(byte[] bytes) throws IOException;
  }

  RefTableWriter(final Out out) {
    this.out = out;
    this.begin = out.offset();
  }

  /** Adds what comes next: of no lower value, and of the same value behind it in the record. */
  @Override
  public void take(final long value, final long ref, final int more) throws IOException {
    if (page.isFull()) {
      flush();
    }
    page.add(value, ref, more);
    count++;
  }

  private void flush() throws IOException {
    if (page.count() > 0) {
      final byte[] stored = page.encode();
      directory.add(
          new RefTable.Entry(
              page.value(0), out.offset(), stored.length, crc.of(stored, 0, stored.length)));
      out.write(stored);
      page.clear();
    }
  }

  /** Ends the table. */
  RefTable.Place finish() throws IOException {
    flush();
    final long directoryOffset = out.offset();
    final int step = CatalogDescriptor.ENTRIES_SUMMED;
    final ByteBuffer summary =
        buffer(-Math.floorDiv(-directory.size(), step) * CatalogDescriptor.SUMMARY_BYTES);
    for (int from = 0; from < directory.size(); from += step) {
      final List<RefTable.Entry> some =
          directory.subList(from, Math.min(from + step, directory.size()));
      final ByteBuffer entries = buffer(some.size() * CatalogDescriptor.ENTRY_BYTES);
      for (final RefTable.Entry entry : some) {
        entries.putLong(entry.firstValue()).putLong(entry.offset());
        entries.putInt(entry.bytes()).putInt(entry.crc32c());
      }
      out.write(entries.array());
      summary
          .putLong(some.get(0).firstValue())
          .putInt(crc.of(entries.array(), 0, entries.capacity()))
          .putInt(0);
    }
    out.write(summary.array());
    return new RefTable.Place(
        count, begin, directoryOffset, crc.of(summary.array(), 0, summary.capacity()));
  }

  private static ByteBuffer buffer(final int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }
}
