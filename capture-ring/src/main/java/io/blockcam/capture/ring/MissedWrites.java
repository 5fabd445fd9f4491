package io.blockcam.capture.ring;

import io.blockcam.archive.record.RecordDescriptor;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.BitSet;

/**
 * Whether the guest's writes are recorded, and where those have been that were not.
 *
 * <p>The argument why none is forgotten: a queue marks what it is about to change and then looks
 * once more whether it may go unrecorded; whoever takes the marks first sees to it that nothing may
 * any more. So either the queue sees that, and has the write recorded, or its mark is seen. A mark
 * too many costs a read and nothing else.
 *
 * <p>A mark stands for a block, on a large disk for several: all of them take 16 MiB at most, and
 * one stands for 1 MiB of a disk of 100 TiB.
 */
public final class MissedWrites {
  private static final VarHandle WORDS = MethodHandles.arrayElementVarHandle(long[].class);
  private static final long MOST_MARKS = 1L << 27;
  private static final long ALL = -1L;

  private final long[] words;
  private final int unitShift;
  private final int sectorShift;
  private volatile Mode mode = Mode.RECORDED;

  /** What becomes of a write. */
  private enum Mode {
    /** It is recorded, or waits for room. */
    RECORDED,
    /** It is done, and leaves a mark. */
    MISSED,
    /** It waits: marks are being taken. */
    HELD
  }

  /**
   * No mark; writes are recorded.
   *
   * @param diskBytes size of the disk
   */
  public MissedWrites(final long diskBytes) {
    final long blocks = RecordDescriptor.blocks(diskBytes);
    int shift = 0;
    while (blocks >>> shift > MOST_MARKS) {
      shift++;
    }
    this.unitShift = shift;
    this.sectorShift = shift + Integer.numberOfTrailingZeros(RecordDescriptor.BLOCK_SECTORS);
    this.words = new long[Math.toIntExact((blocks >>> shift >>> 6) + 1)];
  }

  /** Blocks that a mark stands for, a power of two. */
  public long unitBlocks() {
    return 1L << unitShift;
  }

  // --- the queues' side: hot path ---

  /** Whether writes are recorded, as far as there is room. Any thread. */
  public boolean isRecording() {
    return mode == Mode.RECORDED;
  }

  /** Whether writes go unrecorded. Any thread. */
  public boolean isMissing() {
    return mode == Mode.MISSED;
  }

  /** Whether they wait until marks are taken. Any thread. */
  public boolean isHeld() {
    return mode == Mode.HELD;
  }

  /**
   * Whether a write, or zeroing, is to go unrecorded; it has left its mark then, and may be done.
   */
  boolean miss(final long startSector, final long sectors) {
    if (mode != Mode.MISSED) {
      return false;
    }
    final long first = startSector >>> sectorShift;
    final long last = (startSector + sectors - 1) >>> sectorShift;
    for (long unit = first; unit <= last; unit = (unit | 63) + 1) {
      final long from = ALL << unit; // a shift takes the last six bits of its distance
      final long to = (unit | 63) <= last ? ALL : ALL >>> ~last;
      final int word = (int) (unit >>> 6);
      if (((long) WORDS.getVolatile(words, word) & from & to) != (from & to)) {
        WORDS.getAndBitwiseOr(words, word, from & to);
      }
    }
    return mode == Mode.MISSED;
  }

  // --- the keeper's side ---

  /** From now on writes go unrecorded. Whoever waits for room has to be woken. */
  void begin() {
    mode = Mode.MISSED;
  }

  /** From now on they wait. */
  void hold() {
    mode = Mode.HELD;
  }

  /** From now on they are recorded. Whoever waits for room has to be woken. */
  void end() {
    mode = Mode.RECORDED;
  }

  /** Takes the marks, in units; no write may go unrecorded meanwhile. */
  BitSet take() {
    final BitSet taken = new BitSet();
    for (int w = 0; w < words.length; w++) {
      if ((long) WORDS.getVolatile(words, w) == 0) {
        continue;
      }
      long marks = (long) WORDS.getAndSet(words, w, 0L);
      while (marks != 0) {
        taken.set(64 * w + Long.numberOfTrailingZeros(marks));
        marks &= marks - 1;
      }
    }
    return taken;
  }
}
