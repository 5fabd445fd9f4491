package io.blockcam.archive.index;

import static io.blockcam.archive.record.RecordDescriptor.WHOLE_BLOCK;

import java.io.IOException;
import java.util.Arrays;

/**
 * What a window of the disk is made of, found from the newest record to the oldest: the first that
 * names a sector decides it. The result are <em>pieces</em>, each the sectors of one block that
 * come from one record, never two for a sector; below them blocks that are known to be zero; and
 * blocks in <em>doubt</em>, of which the record itself says that the disk may have held something
 * else, with nothing later that tells all of the block. Doubt is kept by the sector, since only all
 * runs together may tell all of a block.
 *
 * <p>Keeps its memory from window to window: some 150 KiB, and 13 bytes a piece, of which there are
 * eight a block at most: under 2 MiB. One thread.
 */
public final class WindowStack {
  /** Blocks of a window: 64 MiB. */
  public static final int WINDOW_BLOCKS = 1 << 14;

  private long first;
  private final byte[] decided = new byte[WINDOW_BLOCKS];

  /** Sectors in doubt, of the blocks that are in {@link #doubts}. */
  private final byte[] doubted = new byte[WINDOW_BLOCKS];

  /** Place of the newest piece of a block, plus 1. */
  private final int[] newest = new int[WINDOW_BLOCKS];

  private final BlockSet touched = new BlockSet();
  private final BlockSet whole = new BlockSet();
  private final BlockSet zeroes = new BlockSet();
  private final BlockSet doubts = new BlockSet();

  private int pieces;
  private long[] ref = new long[1024];
  private byte[] mask = new byte[1024];
  private int[] older = new int[1024];

  /** Takes pieces. */
  @FunctionalInterface
  public interface PieceSink {
    /**
     * Takes one.
     *
     * @param block of the disk; does not decrease
     * @param mask its sectors, not 0
     * @param ref a {@link RecordRef} as it was given in
     */
    void take(long block, int mask, long ref) throws IOException;
  }

  /** Takes ranges of blocks, in order; they neither touch nor overlap. */
  @FunctionalInterface
  public interface RangeSink {
    /** Takes one: first block, block behind the last. */
    void take(long from, long to) throws IOException;
  }

  /** The first block of the window that holds a block. */
  public static long windowOf(final long block) {
    return block & -WINDOW_BLOCKS;
  }

  /**
   * Begins with another window.
   *
   * @param firstBlock of it, a multiple of {@link #WINDOW_BLOCKS}
   */
  public void begin(final long firstBlock) {
    for (int i = touched.nextSet(0); i >= 0; i = touched.nextSet(i + 1)) {
      newest[i] = 0;
      decided[i] = 0;
    }
    for (int i = zeroes.nextSet(0); i >= 0; ) {
      final int end = zeroes.nextClear(i);
      Arrays.fill(decided, i, end, (byte) 0);
      i = zeroes.nextSet(end);
    }
    for (int i = doubts.nextSet(0); i >= 0; i = doubts.nextSet(i + 1)) {
      doubted[i] = 0;
    }
    touched.clear();
    whole.clear();
    zeroes.clear();
    doubts.clear();
    pieces = 0;
    first = firstBlock;
  }

  /** The first block of the window. */
  public long first() {
    return first;
  }

  /** The block behind the window. */
  public long end() {
    return first + WINDOW_BLOCKS;
  }

  /** How many pieces there are. */
  public int pieces() {
    return pieces;
  }

  /** Whether nothing was found. */
  public boolean isEmpty() {
    return pieces == 0 && zeroes.isEmpty() && doubts.isEmpty();
  }

  /**
   * A record that gives sectors of a block of the window; what newer ones have decided stays.
   *
   * @param sectors bit 0 is the first
   */
  public void piece(final long block, final int sectors, final long recordRef) {
    final int i = (int) (block - first);
    final int taken = sectors & ~decided[i] & WHOLE_BLOCK;
    if (taken == 0) {
      return;
    }
    decided[i] |= (byte) taken;
    if (decided[i] == (byte) WHOLE_BLOCK) {
      whole.set(i);
    }
    if (pieces == ref.length) {
      final int size = Math.multiplyExact(pieces, 2);
      ref = Arrays.copyOf(ref, size);
      mask = Arrays.copyOf(mask, size);
      older = Arrays.copyOf(older, size);
    }
    ref[pieces] = recordRef;
    mask[pieces] = (byte) taken;
    older[pieces] = newest[i];
    pieces++;
    newest[i] = pieces;
    touched.set(i);
  }

  /** Blocks that are zero where nothing newer decides; those beyond the window are left out. */
  public void zero(final long from, final long to) {
    final int end = inWindow(to);
    for (int i = whole.nextClear(inWindow(from)); i < end; ) {
      final int next = endOfClear(i, end);
      Arrays.fill(decided, i, next, (byte) WHOLE_BLOCK);
      zeroes.set(i, next);
      whole.set(i, next);
      i = whole.nextClear(next);
    }
  }

  /** Sectors of blocks that may have held something else, where nothing newer decides them. */
  public void doubt(final long from, final long to, final int sectors) {
    final int end = inWindow(to);
    for (int i = whole.nextClear(inWindow(from)); i < end; i = whole.nextClear(i + 1)) {
      final int left = sectors & ~decided[i];
      if (left != 0) {
        doubted[i] |= (byte) left;
        doubts.set(i);
      }
    }
  }

  private int endOfClear(final int from, final int end) {
    final int set = whole.nextSet(from);
    return set < 0 ? end : Math.min(set, end);
  }

  private int inWindow(final long block) {
    return (int) Math.max(0, Math.min(block - first, WINDOW_BLOCKS));
  }

  /** Hands out the pieces, block by block. */
  public void forEachPiece(final PieceSink sink) throws IOException {
    for (int i = touched.nextSet(0); i >= 0; i = touched.nextSet(i + 1)) {
      for (int p = newest[i]; p > 0; p = older[p - 1]) {
        sink.take(first + i, mask[p - 1] & 0xff, ref[p - 1]);
      }
    }
  }

  /** Hands out what is zero below the pieces. */
  public void forEachZero(final RangeSink sink) throws IOException {
    forEach(zeroes, sink);
  }

  /** Takes ranges of blocks of which the same sectors are in doubt. */
  @FunctionalInterface
  interface DoubtSink {
    void take(long from, long to, int sectors);
  }

  void forEachDoubt(final DoubtSink sink) {
    for (int i = doubts.nextSet(0); i >= 0; ) {
      int end = i + 1;
      while (end < WINDOW_BLOCKS && doubted[end] == doubted[i]) {
        end++;
      }
      sink.take(first + i, first + end, doubted[i] & 0xff);
      i = doubts.nextSet(end);
    }
  }

  /** Hands out the blocks that are in doubt. */
  public void forEachDoubt(final RangeSink sink) throws IOException {
    forEach(doubts, sink);
  }

  /** Hands out the blocks that any record gives content. */
  public void forEachDecided(final RangeSink sink) throws IOException {
    final BlockSet any = new BlockSet();
    any.addAll(touched);
    any.addAll(zeroes);
    forEach(any, sink);
  }

  /** Hands out the blocks of which no record gives some sector. */
  public void forEachUnwritten(final RangeSink sink) throws IOException {
    for (int i = whole.nextClear(0); i < WINDOW_BLOCKS; ) {
      final int end = endOfClear(i, WINDOW_BLOCKS);
      sink.take(first + i, first + end);
      i = whole.nextClear(end);
    }
  }

  private void forEach(final BlockSet blocks, final RangeSink sink) throws IOException {
    for (int i = blocks.nextSet(0); i >= 0; ) {
      final int end = blocks.nextClear(i);
      sink.take(first + i, first + end);
      i = blocks.nextSet(end);
    }
  }
}
