package io.blockcam.capture.ring;

import io.blockcam.archive.record.RecordDescriptor;
import java.util.function.IntPredicate;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;

/**
 * Which regions of the disk may be changed without more ado, and which are being changed.
 *
 * <p>A region is <em>dirty</em> when a log says so that survives a power cut: after one, disk and
 * record may differ there and nowhere else. So no write may reach the disk before its region is
 * dirty, and a region may be clean again only when everything that was written there is durable, on
 * the disk and in the record. One word per region:
 *
 * <pre>
 *  31                                   3         2        1       0
 *  +------------------------------------+---------+--------+-------+
 *  |     writes that are under way      | touched | wanted | dirty |
 *  +------------------------------------+---------+--------+-------+
 * </pre>
 *
 * <p>The queues {@link #enter} and {@link #leave}; another thread, the keeper, makes dirty what
 * they want and clean what they have left. The argument why no write is forgotten: {@link
 * #beginRound} takes <em>touched</em> away. A write that left before that was offered and was done
 * on the disk before it, so the durability that the keeper waits for afterwards covers it. One that
 * left later has touched the region again, and one that is still there counts: {@link #tryClean},
 * one compare-and-set of the whole word, fails for both.
 *
 * <p>Of a disk of more than 4 TiB the words lie outside the heap, in memory that the kernel gives
 * when it is touched: a page of 4 KiB for each 1024 regions that were ever dirty. What looks for
 * words with a bit looks only into pages that are known to have had some: who sets a bit tells of
 * its page afterwards, who looks forgets that it was told before.
 */
public final class DirtyRegions {
  private static final int PAGE_SHIFT = 10;

  private static final int DIRTY = 1;
  private static final int WANTED = 1 << 1;
  private static final int TOUCHED = 1 << 2;
  private static final int WRITE = 1 << 3;

  /** Who writes on and on waits once for so many regions. */
  private static final int MOST_AHEAD = 16;

  private final RegionWords words;
  private final int count;
  private final AtomicBits wantedPages;
  private final AtomicBits dirtyPages;
  private final long regionBytes;
  private final int sectorShift;
  private volatile boolean wanted;
  private volatile boolean distrusted;
  private volatile Runnable keeper = () -> {};

  /**
   * All of them clean.
   *
   * @param diskBytes size of the disk
   * @param regionBytes of one region, a power of two
   */
  public DirtyRegions(final long diskBytes, final long regionBytes) {
    this.count = Math.toIntExact(Math.ceilDiv(diskBytes, regionBytes));
    this.words = RegionWords.of(count);
    this.wantedPages = new AtomicBits((count >>> PAGE_SHIFT) + 1);
    this.dirtyPages = new AtomicBits((count >>> PAGE_SHIFT) + 1);
    this.regionBytes = regionBytes;
    this.sectorShift = Long.numberOfTrailingZeros(regionBytes / RecordDescriptor.SECTOR_BYTES);
  }

  /** Says how the keeper is woken when a queue wants something. Before the queues start. */
  public void onWanted(final Runnable waker) {
    keeper = waker;
  }

  /** How many there are. */
  public int count() {
    return count;
  }

  /** Size of each, in bytes; the last may reach beyond the end of the disk. */
  public long regionBytes() {
    return regionBytes;
  }

  // --- the queues' side: hot path ---

  /**
   * Whether all of a range is dirty, so that it may be changed. If so the write is under way until
   * {@link #leave} with the same arguments; if not the keeper was asked.
   */
  boolean enter(final long startSector, final long sectors) {
    final int first = (int) (startSector >>> sectorShift);
    final int last = (int) ((startSector + sectors - 1) >>> sectorShift);
    for (int region = first; region <= last; region++) {
      if ((words.getAndAdd(region, WRITE) & DIRTY) == 0) {
        for (int entered = first; entered <= region; entered++) {
          words.getAndAdd(entered, -WRITE);
        }
        want(region, last);
        return false;
      }
    }
    return true;
  }

  void leave(final long startSector, final long sectors) {
    final int last = (int) ((startSector + sectors - 1) >>> sectorShift);
    for (int region = (int) (startSector >>> sectorShift); region <= last; region++) {
      int word;
      do {
        word = words.get(region);
      } while (!words.compareAndSet(region, word, (word - WRITE) | TOUCHED));
    }
  }

  /** All of them at once, and for who writes on from what is dirty as many behind them. */
  private void want(final int from, final int to) {
    int before = from;
    while (before > 0 && from - before < MOST_AHEAD && isDirty(before - 1)) {
      before--;
    }
    final int last = (int) Math.min((long) to + from - before, count - 1);
    for (int region = from; region <= last; region++) {
      if ((words.get(region) & (DIRTY | WANTED)) == 0) {
        words.getAndOr(region, WANTED);
        wantedPages.set(region >>> PAGE_SHIFT);
      }
    }
    wanted = true;
    keeper.run();
  }

  private boolean isDirty(final int region) {
    return (words.get(region) & DIRTY) != 0;
  }

  /** A flush of the disk has failed: nothing that is dirty becomes clean any more. */
  void distrust() {
    distrusted = true;
    keeper.run();
  }

  // --- the keeper's side ---

  /** Whether a flush of the disk has failed. */
  public boolean isDistrusted() {
    return distrusted;
  }

  /** Whether a queue wants something. Any thread. */
  public boolean isWanted() {
    return wanted;
  }

  /** The regions that the queues want and that are not dirty, in order. */
  public int[] wanted() {
    wanted = false; // before the look: who wants later says so again
    return with(WANTED, wantedPages);
  }

  /** Some are in the log now, durable: they are dirty. */
  public void makeDirty(final IntStream regions) {
    regions.forEach(
        region -> {
          words.getAndOr(region, DIRTY);
          words.getAndAnd(region, ~WANTED);
          dirtyPages.set(region >>> PAGE_SHIFT);
        });
  }

  /** Whether any may be dirty. */
  public boolean mayHaveDirty() {
    return dirtyPages.next(0) >= 0;
  }

  /** The regions that are dirty, in order. */
  public int[] dirty() {
    return with(DIRTY, dirtyPages);
  }

  /**
   * Begins a round.
   *
   * @return dirty regions that nobody has changed since the last round, in order. Once everything
   *     that was offered up to now is durable on the disk and in the record, they may be
   *     {@linkplain #tryClean cleaned}
   */
  public int[] beginRound() {
    return look(
        dirtyPages, DIRTY, region -> words.getAndAnd(region, ~TOUCHED), word -> word == DIRTY);
  }

  /** Makes a region clean unless somebody has come or gone since {@link #beginRound}. */
  public boolean tryClean(final int region) {
    return words.compareAndSet(region, DIRTY, 0);
  }

  private int[] with(final int bit, final AtomicBits pages) {
    return look(pages, bit, region -> words.get(region), word -> (word & bit) != 0);
  }

  /**
   * Looks at the words of some pages.
   *
   * @param bit a page where no word has it is not looked into again, until it is told of
   * @param look at a region; its word
   * @param which words are wanted
   * @return the regions that have such a word
   */
  private int[] look(
      final AtomicBits pages,
      final int bit,
      final IntUnaryOperator look,
      final IntPredicate which) {
    final IntStream.Builder found = IntStream.builder();
    for (int page = pages.next(0); page >= 0; page = pages.next(page + 1)) {
      pages.clear(page); // before the look
      boolean any = false;
      final int end = Math.min((page + 1) << PAGE_SHIFT, count);
      for (int region = page << PAGE_SHIFT; region < end; region++) {
        final int word = look.applyAsInt(region);
        any |= (word & bit) != 0;
        if (which.test(word)) {
          found.add(region);
        }
      }
      if (any) {
        pages.set(page);
      }
    }
    return found.build().toArray();
  }
}
