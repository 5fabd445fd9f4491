package io.blockcam.archive.index;

import java.io.IOException;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;

/** Goes through a table of references from the first to the last. One thread. */
final class RefCursor {
  private final RefTable table;
  private final long shift;
  private RefPage page = new RefPage();
  private int pages;
  private int at;

  /** Takes references. */
  @FunctionalInterface
  interface Sink {
    /**
     * The next one.
     *
     * @param more blocks of the record behind its first one, u32
     */
    void take(long value, long ref, int more) throws IOException;
  }

  /**
   * @param shift how many segments further on its references count than in its catalog
   */
  private RefCursor(final RefTable table, final long shift) {
    this.table = table;
    this.shift = shift;
    this.at = -1;
  }

  /** Goes to the next one; whether there is one. */
  private boolean next() throws IOException {
    if (++at < page.count()) {
      return true;
    }
    if (pages == table.pages()) {
      return false;
    }
    page = table.page(pages++);
    at = 0;
    return true;
  }

  private long value() {
    return page.value(at);
  }

  private long ref() {
    return RecordRef.shifted(page.ref(at), shift);
  }

  /**
   * All of the tables of some catalogs, in their order; of the same value in that of the record.
   *
   * @param firstSegment from which the references are to count
   */
  static void merge(final List<RefTable> tables, final long firstSegment, final Sink sink)
      throws IOException {
    final PriorityQueue<RefCursor> queue =
        new PriorityQueue<>(
            Comparator.comparingLong(RefCursor::value).thenComparingLong(RefCursor::ref));
    for (final RefTable table : tables) {
      final RefCursor cursor = new RefCursor(table, table.firstSegment() - firstSegment);
      if (cursor.next()) {
        queue.add(cursor);
      }
    }
    while (!queue.isEmpty()) {
      final RefCursor least = queue.remove();
      sink.take(least.value(), least.ref(), least.page.more(least.at));
      if (least.next()) {
        queue.add(least);
      }
    }
  }
}
