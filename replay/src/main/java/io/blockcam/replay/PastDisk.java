package io.blockcam.replay;

import static io.blockcam.archive.record.RecordDescriptor.BLOCK_BYTES;
import static io.blockcam.archive.record.RecordDescriptor.BLOCK_SECTORS;
import static io.blockcam.archive.record.RecordDescriptor.SECTOR_BYTES;

import io.blockcam.archive.Baseline;
import io.blockcam.archive.Moment;
import io.blockcam.archive.index.WindowStack;
import io.blockcam.archive.record.RecordDescriptor;
import io.blockcam.archive.segment.ContentTable;
import io.blockcam.archive.segment.PayloadReader;
import io.blockcam.archive.segment.SegmentException;
import io.blockcam.archive.segment.SegmentReader;
import io.blockcam.history.HeapShare;
import io.blockcam.history.InOrder;
import io.blockcam.history.Layers;
import io.blockcam.history.Progress;
import io.blockcam.history.RecordingReader;
import io.blockcam.history.Segments;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The disk as of a moment. What it is made of is found window by window, and payloads are read when
 * they are wanted: so it is there at once, however long the history, and memory does not grow with
 * disk or history. Every payload is checked before anybody sees it. Safe for several threads.
 */
public final class PastDisk implements Closeable {
  /** Segments of which payloads are read at the same time. */
  private static final int SEGMENTS_AT_ONCE = 4;

  private static final long MOST_TABLE_BYTES = HeapShare.bytes(22);
  private static final long MOST_WINDOW_BYTES = HeapShare.bytes(16);
  private static final int RESOLVED_AT_ONCE = 8;

  private final long bytes;
  private final Layers layers;
  private final OpenSegments segments;
  private final boolean tolerant;
  private final boolean beginningIsKnown;
  private final Queue<PayloadReader> readers = new ConcurrentLinkedQueue<>();

  /** Blocks of which content could not be read; guarded by itself. */
  private final BlockRanges holes = new BlockRanges();

  /** Windows that are resolved at the same time, each with a stack of up to 2 MiB. */
  private final ReentrantLock[] resolving = new ReentrantLock[RESOLVED_AT_ONCE];

  private final Queue<WindowStack> stacks = new ConcurrentLinkedQueue<>();

  // Guarded by windows.
  private final Map<Long, WindowMap> windows = new LinkedHashMap<>(16, 0.75f, true);
  private long windowBytes;

  private PastDisk(
      final long bytes,
      final Layers layers,
      final boolean tolerant,
      final boolean beginningIsKnown) {
    this.tolerant = tolerant;
    this.beginningIsKnown = beginningIsKnown;
    this.bytes = bytes;
    this.layers = layers;
    this.segments = new OpenSegments(this::openSegment, MOST_TABLE_BYTES);
    for (int i = 0; i < RESOLVED_AT_ONCE; i++) {
      resolving[i] = new ReentrantLock();
    }
  }

  /**
   * Finds a moment of a recording.
   *
   * @param found its segments
   * @param moment as it was resolved
   * @param useIndex whether to use the index of the archive
   * @param progress called with the segments that are done, and all
   * @throws SegmentException when a segment that is read is missing or damaged
   */
  public static PastDisk open(
      final RecordingReader reader,
      final Segments found,
      final Moment moment,
      final boolean useIndex,
      final Progress progress)
      throws IOException {
    final Layers layers = Layers.upTo(reader, found, moment.sequence(), useIndex, progress);
    return new PastDisk(
        layers.diskBytes(),
        layers,
        found.isTolerant(),
        reader.recording().baseline() == Baseline.EMPTY);
  }

  private SegmentReader openSegment(final long number) throws IOException {
    final SegmentReader segment = layers.open(number);
    layers.check(segment);
    return segment;
  }

  /** Size of the disk at that moment. */
  public long bytes() {
    return bytes;
  }

  /**
   * What is known of the whole disk.
   *
   * @param pieces that have a payload
   * @param uncertain blocks of which the record says that the disk may have held something else
   * @param unknown blocks that were not written, or not wholly, since the recording began, where
   *     nothing is known of what the disk held then: they read as zero
   */
  public record Survey(long pieces, BlockRanges uncertain, RangeTally unknown) {}

  /** Whether what was never written was zero when the recording began. */
  public boolean isBeginningKnown() {
    return beginningIsKnown;
  }

  /**
   * Whether the record is not certain of some block. Soon known where it is certain of all; what is
   * told is true of the moment all the same.
   */
  public boolean hasDoubts() throws IOException {
    return layers.hasDoubts();
  }

  /** Goes through all of the disk, without its content. */
  public Survey survey() throws IOException {
    final RangeTally unknown = new RangeTally();
    final long blocks = RecordDescriptor.blocks(bytes);
    long behind = 0;
    final BlockRanges uncertain = new BlockRanges();
    final WindowStack stack = new WindowStack();
    long pieces = 0;
    for (long at = nextWindow(0); at != Long.MAX_VALUE; at = nextWindow(stack.end())) {
      pieces += resolve(at, stack).count();
      stack.forEachDoubt((from, to) -> uncertain.add(from, to - from));
      if (!beginningIsKnown) {
        unknown.add(behind, at);
        stack.forEachUnwritten((from, to) -> unknown.add(from, Math.min(to, blocks)));
        behind = stack.end();
      }
    }
    if (!beginningIsKnown) {
      unknown.add(behind, blocks);
    }
    return new Survey(pieces, uncertain, unknown);
  }

  /**
   * The first window from a block on that is not all zero and certain.
   *
   * @return its first block; {@link Long#MAX_VALUE} when there is none
   */
  long nextWindow(final long fromBlock) throws IOException {
    return layers.nextWindow(fromBlock);
  }

  /** What a window is made of. */
  WindowMap window(final long firstBlock) throws IOException {
    WindowMap known = known(firstBlock);
    if (known == null) {
      final long number = firstBlock / WindowStack.WINDOW_BLOCKS;
      final ReentrantLock lock = resolving[(int) (number % RESOLVED_AT_ONCE)];
      lock.lock();
      try {
        known = known(firstBlock); // by now, perhaps
        if (known == null) {
          final WindowStack idle = stacks.poll();
          final WindowStack stack = idle == null ? new WindowStack() : idle;
          known = resolve(firstBlock, stack);
          stacks.add(stack);
        }
      } finally {
        lock.unlock();
      }
    }
    return known;
  }

  private @Nullable WindowMap known(final long firstBlock) {
    synchronized (windows) {
      return windows.get(firstBlock);
    }
  }

  private WindowMap resolve(final long firstBlock, final WindowStack stack) throws IOException {
    layers.read(stack, firstBlock);
    final WindowMap read = WindowMap.of(stack);
    synchronized (windows) {
      final WindowMap before = windows.put(firstBlock, read);
      windowBytes += read.heldBytes() - (before == null ? 0 : before.heldBytes());
      final Iterator<WindowMap> oldest = windows.values().iterator();
      while (windowBytes > MOST_WINDOW_BYTES && windows.size() > 1) {
        windowBytes -= oldest.next().heldBytes();
        oldest.remove();
      }
    }
    return read;
  }

  /** Takes the content of pieces; those of one segment come one after the other. */
  interface ContentSink {

    /**
     * Takes that of one.
     *
     * @param piece its place in the batch
     * @param payload 4096 bytes from its position to its limit; only during the call
     */
    void take(int piece, ByteBuffer payload) throws IOException;

    /** There is no more of this segment. */
    default void end() throws IOException {}
  }

  /**
   * Fetches the content of pieces, from several segments at once.
   *
   * @param sinks gives a sink for each segment; they are used by several threads
   */
  void fetch(final PieceBatch batch, final Supplier<? extends ContentSink> sinks)
      throws IOException {
    final List<PieceBatch.OfSegment> groups = batch.bySegment(layers.firstSegment());
    if (groups.size() == 1) {
      fetch(batch, groups.getFirst(), sinks.get());
      return;
    }
    InOrder.run(
        groups,
        Executors.newVirtualThreadPerTaskExecutor(),
        SEGMENTS_AT_ONCE,
        group -> fetch(batch, group, sinks.get()),
        (group, done) -> {});
  }

  /** Segments that could not be read: what they held is not known. */
  public List<Long> lostSegments() {
    return layers.lost();
  }

  /** Blocks of which content was wanted and could not be read, where that is tolerated. */
  public BlockRanges holes() {
    final BlockRanges copy = new BlockRanges();
    synchronized (holes) {
      copy.addAll(holes);
    }
    return copy;
  }

  private boolean fetch(
      final PieceBatch batch, final PieceBatch.OfSegment group, final ContentSink sink)
      throws IOException {
    try {
      return fetchSound(batch, group, sink);
    } catch (final SegmentException e) {
      if (!tolerant) {
        throw e;
      }
      if (group.pieces().length == 1) {
        synchronized (holes) {
          holes.add(batch.block(group.pieces()[0]), 1);
        }
        return false;
      }
    }
    for (final int piece : group.pieces()) { // again, to find out which of them it is
      fetch(batch, new PieceBatch.OfSegment(group.segment(), new int[] {piece}), sink);
    }
    return true;
  }

  private boolean fetchSound(
      final PieceBatch batch, final PieceBatch.OfSegment group, final ContentSink sink)
      throws IOException {
    final OpenSegments.Open segment = segments.get(group.segment());
    final ContentTable contents = segment.contents();
    final int[] pieces = byPayload(batch, group, contents, segment.reader().name());
    PayloadReader payloads = readers.poll();
    if (payloads == null) {
      payloads = new PayloadReader();
    }
    payloads.read(
        segment.reader(),
        contents,
        contents.wanted(pieces.length, i -> batch.record(pieces[i])),
        (i, payload) -> sink.take(pieces[i], payload));
    sink.end();
    readers.add(payloads);
    return true;
  }

  /** The pieces in the order in which their payloads lie in the segment. */
  private static int[] byPayload(
      final PieceBatch batch,
      final PieceBatch.OfSegment group,
      final ContentTable contents,
      final String file)
      throws SegmentException {
    final long[] order = new long[group.pieces().length];
    for (int i = 0; i < order.length; i++) {
      final int piece = group.pieces()[i];
      final int record = batch.record(piece);
      if (!contents.gives(record, batch.block(piece), batch.mask(piece))) {
        throw SegmentException.of(
            file,
            "has no content of block %d in record %d, as the index says; --no-index does without it"
                .formatted(batch.block(piece), record));
      }
      order[i] = (long) contents.payload(record) << Integer.SIZE | piece;
    }
    Arrays.sort(order);
    final int[] pieces = new int[order.length];
    for (int i = 0; i < order.length; i++) {
      pieces[i] = (int) order[i];
    }
    return pieces;
  }

  /**
   * Reads part of the disk.
   *
   * @param offset of the first byte, a multiple of 512
   * @param into receives all that it has room for, a multiple of 512, within the disk
   */
  public void read(final long offset, final ByteBuffer into) throws IOException {
    final int start = into.position();
    final int length = into.remaining();
    while (into.hasRemaining()) {
      into.put((byte) 0);
    }
    final PieceBatch batch = new PieceBatch();
    final long end = (offset + length + BLOCK_BYTES - 1) / BLOCK_BYTES;
    for (long at = offset / BLOCK_BYTES; at < end; ) {
      final long first = WindowStack.windowOf(at);
      final WindowMap window = window(first);
      final long stop = Math.min(end, first + WindowStack.WINDOW_BLOCKS);
      batch.add(window, window.pieceFrom(at), window.pieceFrom(stop));
      at = stop;
    }
    fetch(
        batch,
        () ->
            (piece, payload) ->
                forEachRun(
                    batch.mask(piece),
                    (sector, sectors) -> {
                      final long from = batch.block(piece) * BLOCK_BYTES + sector * SECTOR_BYTES;
                      final long to = from + sectors * SECTOR_BYTES;
                      final long begin = Math.max(from, offset);
                      final long behind = Math.min(to, offset + length);
                      if (begin < behind) {
                        into.put(
                            start + (int) (begin - offset),
                            payload,
                            payload.position() + sector * SECTOR_BYTES + (int) (begin - from),
                            (int) (behind - begin));
                      }
                    }));
  }

  /** Takes sectors of a block that lie side by side. */
  @FunctionalInterface
  interface SectorSink {
    void take(int first, int count) throws IOException;
  }

  /** Splits a sector mask. */
  static void forEachRun(final int mask, final SectorSink sink) throws IOException {
    int sector = 0;
    while (sector < BLOCK_SECTORS) {
      int end = sector;
      while (end < BLOCK_SECTORS && (mask & 1 << end) != 0) {
        end++;
      }
      if (end > sector) {
        sink.take(sector, end - sector);
        sector = end;
      } else {
        sector++;
      }
    }
  }

  @Override
  public void close() throws IOException {
    layers.close();
  }
}
