package io.blockcam.archive.index;

import io.blockcam.archive.hash.Crc32c;
import io.blockcam.archive.segment.RandomAccessBytes;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Records of a catalog by a value that they have: pages of references, a directory of these, and a
 * summary of it, so that of a large table little is read to look something up. Any thread.
 */
public final class RefTable {
  private final RandomAccessBytes bytes;
  private final Place place;
  private final RunCover cover;

  // What was used last, and of the summary all.
  private volatile @Nullable Summary summary;
  private volatile @Nullable Entries entries;
  private volatile @Nullable Kept kept;

  /** Where a page is. */
  record Entry(long firstValue, long offset, int bytes, int crc32c) {}

  private record Entries(int chunk, List<Entry> list) {}

  private record Kept(int number, RefPage page) {}

  /**
   * Where a table is in its catalog.
   *
   * @param count references
   * @param offset where the pages begin
   * @param directoryOffset where they end, and their directory begins
   */
  record Place(long count, long offset, long directoryOffset, int summaryCrc32c) {

    long pages() {
      return -Math.floorDiv(-count, RefPage.FULL);
    }

    long summaryOffset() {
      return directoryOffset + pages() * CatalogDescriptor.ENTRY_BYTES;
    }

    /** Behind all of it. */
    long end() {
      return summaryOffset()
          - Math.floorDiv(-pages(), CatalogDescriptor.ENTRIES_SUMMED)
              * CatalogDescriptor.SUMMARY_BYTES;
    }

    boolean isPossible() {
      return count >= 0
          && pages() <= Integer.MAX_VALUE / CatalogDescriptor.ENTRY_BYTES
          && offset >= 0
          && directoryOffset >= offset
          && end() >= directoryOffset;
    }
  }

  RefTable(final RandomAccessBytes bytes, final Place place, final RunCover cover) {
    this.bytes = bytes;
    this.place = place;
    this.cover = cover;
  }

  /** Takes records. */
  @FunctionalInterface
  public interface Sink {
    /**
     * One that was found.
     *
     * @param segment its number
     * @param record of the segment
     */
    void found(long segment, int record) throws IOException;
  }

  /** Takes records of several blocks. */
  @FunctionalInterface
  public interface RunSink {
    /**
     * One of them.
     *
     * @param first its first block
     * @param end the block behind its last one
     * @param segment its number
     * @param record of the segment
     */
    void found(long first, long end, long segment, int record);
  }

  /** How many references. */
  public long count() {
    return place.count();
  }

  /** Number of the first segment of its catalog. */
  long firstSegment() {
    return cover.firstSegment();
  }

  int pages() {
    return (int) place.pages();
  }

  /**
   * Finds the records of a value, in their order. Who asks for many asks in the order of the
   * values.
   *
   * @throws IndexException when what is read is damaged
   */
  public void find(final long value, final Sink sink) throws IOException {
    for (int p = pageBefore(value); p < pages() && entry(p).firstValue() <= value; p++) {
      final RefPage page = page(p);
      for (int i = page.from(value); i < page.count() && page.value(i) == value; i++) {
        sink.found(segment(page, i), RecordRef.record(page.ref(i)));
      }
    }
  }

  /**
   * All of a table whose values are blocks.
   *
   * @throws IndexException when it is damaged
   */
  public void eachRun(final RunSink sink) throws IOException {
    each(
        (first, ref, more) ->
            sink.found(
                first,
                first + 1 + Integer.toUnsignedLong(more),
                cover.firstSegment() + RecordRef.segment(ref),
                RecordRef.record(ref)));
  }

  /**
   * All of it, in its order.
   *
   * @throws IndexException when it is damaged, or in no order
   */
  void each(final RefCursor.Sink sink) throws IOException {
    long last = 0;
    for (int p = 0; p < pages(); p++) {
      final RefPage page = page(p);
      if (page.value(0) < last || page.value(0) != entry(p).firstValue()) {
        throw RefPage.damaged(bytes.name());
      }
      last = page.value(page.count() - 1);
      for (int i = 0; i < page.count(); i++) {
        sink.take(page.value(i), page.ref(i), page.more(i));
      }
    }
  }

  private long segment(final RefPage page, final int i) {
    return cover.firstSegment() + RecordRef.segment(page.ref(i));
  }

  /** The last page that begins with a lower value, or the first one. */
  private int pageBefore(final long value) throws IOException {
    int p = Math.max(0, summary().before(value)) * CatalogDescriptor.ENTRIES_SUMMED;
    final int end = Math.min(pages(), p + CatalogDescriptor.ENTRIES_SUMMED);
    while (p + 1 < end && entry(p + 1).firstValue() < value) {
      p++;
    }
    return p;
  }

  /** Of so many entries of the directory one: the first values, and the CRC32C of the entries. */
  private record Summary(long[] firstValues, int[] crc32c) {

    /** The last one with a lower value; -1 when there is none. */
    int before(final long value) {
      int low = 0;
      int high = firstValues.length;
      while (low < high) {
        final int middle = (low + high) >>> 1;
        if (firstValues[middle] < value) {
          low = middle + 1;
        } else {
          high = middle;
        }
      }
      return low - 1;
    }
  }

  private Summary summary() throws IOException {
    final Summary known = summary;
    if (known != null) {
      return known;
    }
    final ByteBuffer in = read(place.summaryOffset(), place.end());
    if (new Crc32c().of(in) != place.summaryCrc32c()) {
      throw new IndexException(bytes.name(), "has a damaged summary of references");
    }
    final int count = in.remaining() / CatalogDescriptor.SUMMARY_BYTES;
    final Summary read = new Summary(new long[count], new int[count]);
    for (int i = 0; i < count; i++) {
      read.firstValues[i] = in.getLong();
      read.crc32c[i] = in.getInt();
      in.getInt();
    }
    summary = read;
    return read;
  }

  private ByteBuffer read(final long from, final long to) throws IOException {
    final ByteBuffer in =
        ByteBuffer.allocate(Math.toIntExact(to - from)).order(ByteOrder.LITTLE_ENDIAN);
    bytes.read(from, in);
    return in.flip();
  }

  private Entry entry(final int p) throws IOException {
    final int chunk = p / CatalogDescriptor.ENTRIES_SUMMED;
    Entries known = entries;
    if (known == null || known.chunk != chunk) {
      known = new Entries(chunk, readEntries(chunk));
      entries = known;
    }
    return known.list.get(p % CatalogDescriptor.ENTRIES_SUMMED);
  }

  private List<Entry> readEntries(final int chunk) throws IOException {
    final long first = (long) chunk * CatalogDescriptor.ENTRIES_SUMMED;
    final long end = Math.min(first + CatalogDescriptor.ENTRIES_SUMMED, place.pages());
    final ByteBuffer in =
        read(
            place.directoryOffset() + first * CatalogDescriptor.ENTRY_BYTES,
            place.directoryOffset() + end * CatalogDescriptor.ENTRY_BYTES);
    if (new Crc32c().of(in) != summary().crc32c[chunk]) {
      throw new IndexException(bytes.name(), "has a damaged directory of references");
    }
    final List<Entry> list = new ArrayList<>();
    while (in.hasRemaining()) {
      final Entry entry = new Entry(in.getLong(), in.getLong(), in.getInt(), in.getInt());
      if (entry.offset() < place.offset()
          || entry.bytes() <= 0
          || entry.bytes() > place.directoryOffset() - entry.offset()) {
        throw new IndexException(bytes.name(), "has an impossible page in a directory");
      }
      list.add(entry);
    }
    return list;
  }

  /** A page, checked. */
  RefPage page(final int p) throws IOException {
    final Kept last = kept;
    if (last != null && last.number == p) {
      return last.page;
    }
    final Entry entry = entry(p);
    final ByteBuffer stored = read(entry.offset(), entry.offset() + entry.bytes());
    if (new Crc32c().of(stored) != entry.crc32c()) {
      throw RefPage.damaged(bytes.name());
    }
    final int count = (int) Math.min(RefPage.FULL, place.count() - (long) p * RefPage.FULL);
    final RefPage page = RefPage.decode(bytes.name(), stored.array(), count, cover.segments());
    kept = new Kept(p, page);
    return page;
  }
}
