package io.blockcam.capture.ring;

import io.blockcam.archive.record.RecordDescriptor;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.BitSet;

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
 */
public final class DirtyRegions {
  private static final VarHandle WORDS = MethodHandles.arrayElementVarHandle(int[].class);
  private static final int DIRTY = 1;
  private static final int WANTED = 1 << 1;
  private static final int TOUCHED = 1 << 2;
  private static final int WRITE = 1 << 3;

  private final int[] words;
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
    this.words = new int[Math.toIntExact(Math.ceilDiv(diskBytes, regionBytes))];
    this.regionBytes = regionBytes;
    this.sectorShift = Long.numberOfTrailingZeros(regionBytes / RecordDescriptor.SECTOR_BYTES);
  }

  /** Says how the keeper is woken when a queue wants something. Before the queues start. */
  public void onWanted(final Runnable waker) {
    keeper = waker;
  }

  /** How many there are. */
  public int count() {
    return words.length;
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
      if (((int) WORDS.getAndAdd(words, region, WRITE) & DIRTY) == 0) {
        for (int entered = first; entered <= region; entered++) {
          WORDS.getAndAdd(words, entered, -WRITE);
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
        word = (int) WORDS.getVolatile(words, region);
      } while (!WORDS.compareAndSet(words, region, word, (word - WRITE) | TOUCHED));
    }
  }

  /** All of them at once, and the one behind them: who writes on will not wait again. */
  private void want(final int from, final int to) {
    for (int region = from; region <= Math.min(to + 1, words.length - 1); region++) {
      if (((int) WORDS.getVolatile(words, region) & (DIRTY | WANTED)) == 0) {
        WORDS.getAndBitwiseOr(words, region, WANTED);
      }
    }
    wanted = true;
    keeper.run();
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

  /** The regions that the queues want and that are not dirty. */
  public BitSet wanted() {
    wanted = false; // before the look: who wants later says so again
    return with(WANTED);
  }

  /** Some are in the log now, durable: they are dirty. */
  public void makeDirty(final BitSet regions) {
    regions.stream()
        .forEach(
            region -> {
              WORDS.getAndBitwiseOr(words, region, DIRTY);
              WORDS.getAndBitwiseAnd(words, region, ~WANTED);
            });
  }

  /** The regions that are dirty. */
  public BitSet dirty() {
    return with(DIRTY);
  }

  /**
   * Begins a round.
   *
   * @return dirty regions that nobody has changed since the last round. Once everything that was
   *     offered up to now is durable on the disk and in the record, they may be {@linkplain
   *     #tryClean cleaned}
   */
  public BitSet beginRound() {
    final BitSet idle = new BitSet(words.length);
    for (int region = 0; region < words.length; region++) {
      final int word = (int) WORDS.getAndBitwiseAnd(words, region, ~TOUCHED);
      if (word == DIRTY) {
        idle.set(region);
      }
    }
    return idle;
  }

  /** Makes a region clean unless somebody has come or gone since {@link #beginRound}. */
  public boolean tryClean(final int region) {
    return WORDS.compareAndSet(words, region, DIRTY, 0);
  }

  private BitSet with(final int bit) {
    final BitSet regions = new BitSet(words.length);
    for (int region = 0; region < words.length; region++) {
      if (((int) WORDS.getVolatile(words, region) & bit) != 0) {
        regions.set(region);
      }
    }
    return regions;
  }
}
