package io.blockcam.archive.index;

import io.blockcam.archive.hash.Crc32c;
import io.blockcam.archive.hash.Sha256Digest;
import io.blockcam.archive.record.RecordDescriptor;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.archive.segment.RandomAccessBytes;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Reads a run of the index: its end when it is opened, pages when they are asked for. No memory is
 * taken for a count that was not checked. Any thread.
 */
public final class RunReader {
  private static final int TAIL_BYTES = 64 << 10;

  /** Of a table that are in memory: whole digests, whole events. */
  private static final int TABLE_BYTES = 256 << 10;

  /**
   * Pieces of a page that is kept: a larger one holds hardly more than the window it is read for.
   */
  private static final int MOST_KEPT = 4 * Page.FULL;

  private final RandomAccessBytes bytes;
  private final RunTrailer trailer;
  private final List<Page.Entry> directory;
  private final long diskBlocks;

  /** The page that was read last: what comes next is often of it, too. */
  private volatile @Nullable Kept kept;

  private record Kept(int number, Page page) {}

  private RunReader(
      final RandomAccessBytes bytes, final RunTrailer trailer, final List<Page.Entry> directory) {
    this.bytes = bytes;
    this.trailer = trailer;
    this.directory = directory;
    this.diskBlocks = RecordDescriptor.blocks(trailer.cover().diskBytes());
  }

  /**
   * Opens a run.
   *
   * @param bytes stay in use, and are not closed here
   * @throws IndexException when it is none, or damaged
   */
  public static RunReader open(final RandomAccessBytes bytes) throws IOException {
    final String file = bytes.name();
    final long length = bytes.length();
    if (length < RunDescriptor.TRAILER_BYTES) {
      throw new IndexException(file, "has %d bytes, too few for a run".formatted(length));
    }
    final byte[] tail = new byte[(int) Math.min(TAIL_BYTES, length)];
    bytes.read(length - tail.length, ByteBuffer.wrap(tail));
    final int trailerAt = tail.length - RunDescriptor.TRAILER_BYTES;
    final RunTrailer trailer =
        RunTrailer.decode(Arrays.copyOfRange(tail, trailerAt, tail.length), length, file);
    final long directoryBytes = (long) trailer.pages() * RunDescriptor.DIRECTORY_ENTRY_BYTES;
    final byte[] table;
    if (directoryBytes <= trailerAt) {
      table = Arrays.copyOfRange(tail, trailerAt - (int) directoryBytes, trailerAt);
    } else if (directoryBytes <= Integer.MAX_VALUE - Long.BYTES) {
      table = new byte[(int) directoryBytes];
      bytes.read(trailer.directoryOffset(), ByteBuffer.wrap(table));
    } else {
      throw new IndexException(file, "has more pages than any run");
    }
    if (new Crc32c().of(table, 0, table.length) != trailer.directoryCrc32c()) {
      throw new IndexException(file, "has a damaged directory");
    }
    return new RunReader(bytes, trailer, directory(table, trailer, file));
  }

  private static List<Page.Entry> directory(
      final byte[] table, final RunTrailer trailer, final String file) throws IndexException {
    final ByteBuffer in = ByteBuffer.wrap(table).order(ByteOrder.LITTLE_ENDIAN);
    final List<Page.Entry> entries = new ArrayList<>(trailer.pages());
    long offset = 0;
    long lastEnd = 0;
    while (in.hasRemaining()) {
      final Page.Entry entry =
          new Page.Entry(
              in.getLong(),
              in.getLong(),
              in.getLong(),
              in.getInt(),
              in.getInt(),
              in.getInt(),
              in.getInt(),
              in.getInt(),
              in.getInt());
      if (!entry.isPossible() || entry.offset() != offset || entry.firstBlock() < lastEnd) {
        throw new IndexException(file, "has an impossible page in its directory");
      }
      offset += entry.bytes();
      lastEnd = entry.endBlock();
      entries.add(entry);
    }
    if (offset != trailer.eventsOffset()) {
      throw new IndexException(file, "has pages that do not fill their place");
    }
    return entries;
  }

  /** What it stands for. */
  public RunCover cover() {
    return trailer.cover();
  }

  /** How errors call it. */
  public String name() {
    return bytes.name();
  }

  /** Pieces of all windows. */
  public long pieces() {
    return trailer.pieces();
  }

  /** The digest that a segment must have. */
  public Sha256Digest digest(final long segment) throws IOException {
    final long i = Objects.checkIndex(segment - cover().firstSegment(), cover().segments());
    final ByteBuffer digest = ByteBuffer.allocate(Sha256Digest.BYTES);
    bytes.read(trailer.digestsOffset() + i * Sha256Digest.BYTES, digest);
    return Sha256Digest.of(digest.array());
  }

  /** The digests of all its segments, in order. */
  void digests(final RunWriter.Sink sink) throws IOException {
    read(trailer.digestsOffset(), trailer.directoryOffset(), sink);
  }

  /** A table, a few entries at a time: of a run of millions of segments it has 100 MB. */
  private void read(final long from, final long to, final RunWriter.Sink sink) throws IOException {
    final ByteBuffer some =
        ByteBuffer.allocate((int) Math.min(TABLE_BYTES, to - from)).order(ByteOrder.LITTLE_ENDIAN);
    for (long at = from; at < to; at += some.limit()) {
      some.clear().limit((int) Math.min(some.capacity(), to - at));
      bytes.read(at, some);
      sink.take(some.flip());
    }
  }

  /**
   * Marks, clock steps, starts, and of each segment with gaps the first; in the order of the
   * record.
   */
  public List<Event> events() throws IOException {
    final List<Event> events = new ArrayList<>();
    storedEvents(
        some -> {
          while (some.hasRemaining()) {
            events.add(event(some));
          }
        });
    return events;
  }

  private Event event(final ByteBuffer stored) throws IndexException {
    final long first = stored.getLong();
    final RecordKind kind =
        RecordKind.ofCode((int) (first >>> RunDescriptor.EVENT_KIND_SHIFT) & 0xff);
    final long ref = first & (1L << RunDescriptor.EVENT_KIND_SHIFT) - 1;
    if (kind == null || RecordRef.segment(ref) >= cover().segments()) {
      throw new IndexException(name(), "has an event that can not be");
    }
    return new Event(
        kind,
        cover().firstSegment() + RecordRef.segment(ref),
        RecordRef.record(ref),
        stored.getLong(),
        stored.getLong(),
        stored.getLong());
  }

  /**
   * Them as they are stored, four numbers each.
   *
   * @throws IndexException when they turn out to be damaged, at the end
   */
  void storedEvents(final RunWriter.Sink sink) throws IOException {
    final CRC32C crc = new CRC32C();
    read(
        trailer.eventsOffset(),
        trailer.digestsOffset(),
        some -> {
          crc.update(some.duplicate());
          sink.take(some);
        });
    if ((int) crc.getValue() != trailer.eventsCrc32c()) {
      throw new IndexException(name(), "has damaged events");
    }
  }

  /**
   * The first window from a block on of which the run says anything.
   *
   * @return its first block; {@link Long#MAX_VALUE} when there is none
   */
  public long nextWindow(final long fromBlock) throws IOException {
    for (int p = Math.max(0, pageOf(fromBlock)); p < directory.size(); p++) {
      if (directory.get(p).firstBlock() >= fromBlock) {
        return WindowStack.windowOf(directory.get(p).firstBlock());
      }
      if (directory.get(p).endBlock() <= fromBlock) {
        continue;
      }
      final Page here = page(p);
      long next = Long.MAX_VALUE;
      final int piece = here.pieceFrom(fromBlock);
      if (piece < here.pieces()) {
        next = here.block(piece);
      }
      next = Math.min(next, next(here.zeroes(), fromBlock));
      next = Math.min(next, next(here.doubts(), fromBlock));
      if (next != Long.MAX_VALUE) {
        return WindowStack.windowOf(next);
      }
    }
    return Long.MAX_VALUE;
  }

  /**
   * Up to where the run says the same of all blocks as of one, and has no piece.
   *
   * @return the block itself when it has a piece
   */
  long sameUntil(final long block) throws IOException {
    final int p = pageBefore(block + 1);
    final long nextPage =
        p + 1 < directory.size() ? directory.get(p + 1).firstBlock() : Long.MAX_VALUE;
    if (p < 0 || directory.get(p).endBlock() <= block) {
      return nextPage;
    }
    final Page here = page(p);
    final int piece = here.pieceFrom(block);
    final long ofPiece = piece < here.pieces() ? here.block(piece) : nextPage;
    return Math.min(
        ofPiece, Math.min(sameUntil(here.zeroes(), block), sameUntil(here.doubts(), block)));
  }

  private static long sameUntil(final Page.Ranges ranges, final long block) {
    final int i = ranges.endingBehind(block);
    if (i == ranges.count()) {
      return Long.MAX_VALUE;
    }
    return ranges.from(i) <= block ? ranges.to(i) : ranges.from(i);
  }

  /** The first block from one on that is in doubt; {@link Long#MAX_VALUE} when there is none. */
  public long nextDoubt(final long fromBlock) throws IOException {
    for (int p = Math.max(0, pageBefore(fromBlock + 1)); p < directory.size(); p++) {
      if (directory.get(p).doubts() > 0) {
        final long next = next(page(p).doubts(), fromBlock);
        if (next != Long.MAX_VALUE) {
          return next;
        }
      }
    }
    return Long.MAX_VALUE;
  }

  /** The sectors of a block that are in doubt. */
  int doubtOf(final long block) throws IOException {
    final Page here = pageOver(block);
    if (here == null) {
      return 0;
    }
    final int i = here.doubts().endingBehind(block);
    return i < here.doubts().count() && here.doubts().from(i) <= block ? here.doubts().mask(i) : 0;
  }

  /** Whether a block is zero, below its pieces. */
  boolean isZero(final long block) throws IOException {
    final Page here = pageOver(block);
    if (here == null) {
      return false;
    }
    final int i = here.zeroes().endingBehind(block);
    return i < here.zeroes().count() && here.zeroes().from(i) <= block;
  }

  private @Nullable Page pageOver(final long block) throws IOException {
    final int p = pageBefore(block + 1);
    return p >= 0 && directory.get(p).endBlock() > block ? page(p) : null;
  }

  private static long next(final Page.Ranges ranges, final long fromBlock) {
    final int i = ranges.endingBehind(fromBlock);
    return i < ranges.count() ? Math.max(fromBlock, ranges.from(i)) : Long.MAX_VALUE;
  }

  /** The last page that begins in the window of a block or before it; -1 when there is none. */
  private int pageOf(final long block) {
    return pageBefore(WindowStack.windowOf(block) + WindowStack.WINDOW_BLOCKS);
  }

  /** The last page that begins before a block; -1 when there is none. */
  private int pageBefore(final long end) {
    int low = 0;
    int high = directory.size();
    while (low < high) {
      final int middle = (low + high) >>> 1;
      if (directory.get(middle).firstBlock() < end) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low - 1;
  }

  /**
   * Adds to a window what the run says of it, below what is there.
   *
   * @param shift how many segments further on they count in the window than here
   */
  public void feed(final WindowStack window, final long shift) throws IOException {
    final int p = pageOf(window.first());
    if (p < 0 || directory.get(p).endBlock() <= window.first()) {
      return;
    }
    final Page here = page(p);
    for (int i = here.doubts().endingBehind(window.first());
        i < here.doubts().count() && here.doubts().from(i) < window.end();
        i++) {
      window.doubt(here.doubts().from(i), here.doubts().to(i), here.doubts().mask(i));
    }
    for (int i = here.pieceFrom(window.first());
        i < here.pieces() && here.block(i) < window.end();
        i++) {
      window.piece(here.block(i), here.mask(i), RecordRef.shifted(here.ref(i), shift));
    }
    for (int i = here.zeroes().endingBehind(window.first());
        i < here.zeroes().count() && here.zeroes().from(i) < window.end();
        i++) {
      window.zero(here.zeroes().from(i), here.zeroes().to(i));
    }
  }

  /** Reads and checks all pages. */
  public void readAll() throws IOException {
    for (int p = 0; p < directory.size(); p++) {
      page(p);
    }
  }

  private Page page(final int p) throws IOException {
    final Kept last = kept;
    if (last != null && last.number == p) {
      return last.page;
    }
    final Page.Entry entry = directory.get(p);
    final byte[] stored = new byte[entry.bytes()];
    bytes.read(entry.offset(), ByteBuffer.wrap(stored));
    if (new Crc32c().of(stored, 0, stored.length) != entry.crc32c()) {
      throw Page.damaged(name(), entry);
    }
    final Page read = Page.decode(name(), entry, stored, cover().segments(), diskBlocks);
    if (entry.pieces() <= MOST_KEPT) {
      kept = new Kept(p, read);
    }
    return read;
  }
}
