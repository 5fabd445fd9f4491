package io.blockcam.archive.index;

import static io.blockcam.archive.record.RecordDescriptor.WHOLE_BLOCK;

import io.blockcam.archive.hash.Sha256Digest;
import io.blockcam.archive.record.RecordFlags;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.archive.record.RecordTable;
import io.blockcam.archive.segment.SegmentTrailer;
import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Makes a run of the index of the records of some segments, or of runs. Memory: some 40 bytes for
 * each block that a record names, and a window. One thread.
 */
public final class RunBuilder {
  private static final int PIECE = 0;
  private static final int ZERO = 1;
  private static final int DOUBT = 2;
  private static final int MASK_SHIFT = 2;
  private static final int BLOCKS_SHIFT = 10;
  private static final int INDEX_BITS = 24;
  private static final int MOST_OPERATIONS = 1 << INDEX_BITS;

  private final WindowStack window;
  private final List<Sha256Digest> digests = new ArrayList<>();
  private @Nullable RunCover cover;

  // What records do, in their order, cut at the bounds of windows.
  private int operations;
  private long[] block = new long[1024];
  private long[] ref = new long[1024];

  /** What is done, the sector mask, how many blocks of the window. */
  private int[] what = new int[1024];

  private int eventCount;
  private long[] events = new long[16];

  /**
   * @param window used while a run is written; stays the caller's
   */
  public RunBuilder(final WindowStack window) {
    this.window = window;
  }

  /** What has been added; null when nothing has. */
  public @Nullable RunCover cover() {
    return cover;
  }

  /** How much has been added: pieces of records, at most one for each block. */
  public int operations() {
    return operations;
  }

  /**
   * Adds the segment that comes next, all of it.
   *
   * @param records of it, checked
   * @throws IndexException when that is more than can be held; a run of fewer segments may do
   */
  public void add(final SegmentTrailer segment, final RecordTable records) throws IndexException {
    add(segment, records, Long.MIN_VALUE, Long.MAX_VALUE);
  }

  /**
   * Adds some records of the segment that comes next.
   *
   * @param records of it, checked
   * @param afterSequence the last record that does not count any more
   * @param lastSequence the last record that counts
   * @throws IndexException when that is more than can be held; a run of fewer segments may do
   */
  public void add(
      final SegmentTrailer segment,
      final RecordTable records,
      final long afterSequence,
      final long lastSequence)
      throws IndexException {
    final RunCover before = cover;
    final RunCover added = RunCover.of(segment);
    cover = before == null ? added : before.and(added);
    digests.add(segment.digest());
    final long place = digests.size() - 1L;
    for (int i = 0; i < records.count() && records.sequence(i) <= lastSequence; i++) {
      if (records.sequence(i) > afterSequence) {
        add(records, i, place);
      }
    }
  }

  private void add(final RecordTable records, final int i, final long place) throws IndexException {
    final RecordKind kind = records.kind(i);
    final boolean failed = records.hasFlag(i, RecordFlags.FAILED);
    if (kind == RecordKind.MARK || kind == RecordKind.CLOCK_STEP) {
      if (eventCount == events.length) {
        events = Arrays.copyOf(events, 2 * eventCount);
      }
      events[eventCount++] =
          (long) kind.code() << RunDescriptor.EVENT_KIND_SHIFT | RecordRef.of(place, i, false);
    }
    if (kind.setsContent() && !failed) {
      final int sectors = records.sectorMask(i);
      final boolean zero = kind.isRun() || records.hasFlag(i, RecordFlags.ALL_ZERO);
      if (zero && sectors == WHOLE_BLOCK) {
        add(records, i, ZERO, 0, 0);
      } else {
        add(records, i, PIECE, sectors, RecordRef.of(place, i, zero));
      }
    }
    // Behind the content: from the newest to the oldest, as they are taken, before it.
    if (kind == RecordKind.GAP
        || (kind.setsContent() && (failed || records.hasFlag(i, RecordFlags.UNKNOWN_OUTCOME)))) {
      add(records, i, DOUBT, 0, 0);
    }
  }

  private void add(
      final RecordTable records, final int i, final int operation, final int mask, final long r)
      throws IndexException {
    final long end = records.block(i) + records.runBlocks(i);
    for (long at = records.block(i); at < end; ) {
      final long endOfWindow = WindowStack.windowOf(at) + WindowStack.WINDOW_BLOCKS;
      final int blocks = (int) (Math.min(end, endOfWindow) - at);
      if (operation != PIECE
          && at % WindowStack.WINDOW_BLOCKS != 0
          && isBehindLast(operation, at)) {
        what[operations - 1] += blocks << BLOCKS_SHIFT;
        at += blocks;
        continue;
      }
      if (operations == MOST_OPERATIONS) {
        throw new IndexException(
            "record " + records.sequence(i), "one run of the index can not hold what is before");
      }
      if (operations == block.length) {
        final int size = Math.multiplyExact(operations, 2);
        block = Arrays.copyOf(block, size);
        ref = Arrays.copyOf(ref, size);
        what = Arrays.copyOf(what, size);
      }
      block[operations] = at;
      ref[operations] = r;
      what[operations] = operation | mask << MASK_SHIFT | blocks << BLOCKS_SHIFT;
      operations++;
      at += blocks;
    }
  }

  /** Whether what was added last is the same, up to here: a disk that is wiped is one range. */
  private boolean isBehindLast(final int operation, final long at) {
    return operations > 0
        && (what[operations - 1] & (1 << MASK_SHIFT) - 1) == operation
        && block[operations - 1] + (what[operations - 1] >>> BLOCKS_SHIFT) == at;
  }

  /**
   * Writes the run of what has been added, and begins anew.
   *
   * @param out stays the caller's; should be buffered
   */
  public RunCover write(final OutputStream out) throws IOException {
    final RunCover written = Objects.requireNonNull(cover, "nothing was added");
    final RunWriter writer = new RunWriter(out);
    final long[] order = new long[operations];
    for (int i = 0; i < operations; i++) {
      order[i] = block[i] / WindowStack.WINDOW_BLOCKS << INDEX_BITS | i;
    }
    Arrays.sort(order);
    for (int from = 0; from < operations; ) {
      final long number = order[from] >>> INDEX_BITS;
      int to = from + 1;
      while (to < operations && order[to] >>> INDEX_BITS == number) {
        to++;
      }
      window.begin(number * WindowStack.WINDOW_BLOCKS);
      for (int i = to - 1; i >= from; i--) {
        apply((int) order[i] & MOST_OPERATIONS - 1);
      }
      writer.add(window);
      from = to;
    }
    writer.finish(written, digests, Arrays.copyOf(events, eventCount));
    operations = 0;
    eventCount = 0;
    digests.clear();
    cover = null;
    return written;
  }

  private void apply(final int i) {
    final long end = block[i] + (what[i] >>> BLOCKS_SHIFT);
    switch (what[i] & (1 << MASK_SHIFT) - 1) {
      case PIECE -> window.piece(block[i], what[i] >>> MASK_SHIFT & WHOLE_BLOCK, ref[i]);
      case ZERO -> window.zero(block[i], end);
      default -> window.doubt(block[i], end, WHOLE_BLOCK);
    }
  }

  /**
   * Writes one run in place of several.
   *
   * @param runs side by side, oldest first
   * @param out stays the caller's; should be buffered
   * @return what it covers
   * @throws IndexException when one of them is damaged
   * @throws IllegalArgumentException when they are not side by side
   */
  public static RunCover merge(
      final List<RunReader> runs, final WindowStack window, final OutputStream out)
      throws IOException {
    RunCover all = runs.getFirst().cover();
    for (final RunReader run : runs.subList(1, runs.size())) {
      all = all.and(run.cover());
    }
    final RunWriter writer = new RunWriter(out);
    for (long at = next(runs, 0); at != Long.MAX_VALUE; at = next(runs, window.end())) {
      window.begin(at);
      for (final RunReader run : runs.reversed()) {
        run.feed(window, run.cover().firstSegment() - all.firstSegment());
      }
      writer.add(window);
    }
    final List<Sha256Digest> digests = new ArrayList<>();
    final List<long[]> events = new ArrayList<>();
    for (final RunReader run : runs) {
      digests.addAll(run.digests());
      final long shift = run.cover().firstSegment() - all.firstSegment();
      events.add(Arrays.stream(run.storedEvents()).map(e -> RecordRef.shifted(e, shift)).toArray());
    }
    writer.finish(all, digests, events.stream().flatMapToLong(Arrays::stream).toArray());
    return all;
  }

  /** The first window from a block on of which any of some runs says something. */
  public static long next(final List<RunReader> runs, final long fromBlock) throws IOException {
    long next = Long.MAX_VALUE;
    for (final RunReader run : runs) {
      next = Math.min(next, run.nextWindow(fromBlock));
    }
    return next;
  }
}
