package io.blockcam.archive.record;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** What a record stands for. The codes are part of the format and never change their meaning. */
public enum RecordKind {
  /** A guest write: one block, or the sectors of it that the mask names. */
  DATA(1, Shape.BLOCK),
  /** WRITE_ZEROES: a run of blocks that read as zeroes afterwards. */
  ZEROES(2, Shape.RUN),
  /** DISCARD: a run of blocks; they read as zeroes afterwards. */
  DISCARD(3, Shape.RUN),
  /** What the guest had been told to be done when it asked is durable: a consistency point. */
  FLUSH(4, Shape.POINT),
  /** A block as the disk had it before the recording began. */
  BASELINE(5, Shape.BLOCK),
  /** A block read back from the disk because a write to it may have gone unrecorded. */
  RESYNC(6, Shape.BLOCK),
  /** A name somebody gave to this moment; the payload is UTF-8 text, padded with zeroes. */
  MARK(7, Shape.TEXT),
  /**
   * The wall clock was set: the timestamp is what it showed before, or that of the record before if
   * that is later; {@code aux} what it showed at the same moment after it, in ns.
   */
  CLOCK_STEP(8, Shape.POINT),
  /** Writes to a run of blocks were not recorded; {@code aux} is the {@link GapReason}. */
  GAP(9, Shape.RUN),
  /** An epoch begins: the recorder started. */
  START(10, Shape.POINT),
  /** An epoch ends cleanly: everything before it is recorded. */
  STOP(11, Shape.POINT),
  /**
   * What the disk held before the recording is recorded for a run of blocks: those that have no
   * record before this one were zero.
   */
  BASELINE_DONE(12, Shape.RUN),
  /** A run of blocks was read back, and is recorded where it differed from the record. */
  RESYNC_DONE(13, Shape.RUN);

  private enum Shape {
    /** One block with a payload. */
    BLOCK,
    /** One or more blocks without a payload. */
    RUN,
    /** No block, no payload. */
    POINT,
    /** No block, a payload. */
    TEXT
  }

  private static final RecordKind[] BY_CODE = new RecordKind[14];

  static {
    for (final RecordKind kind : values()) {
      BY_CODE[kind.code] = kind;
    }
  }

  private final byte code;
  private final Shape shape;

  RecordKind(final int code, final Shape shape) {
    this.code = (byte) code;
    this.shape = shape;
  }

  /** The byte that stands for this kind in a record. */
  public byte code() {
    return code;
  }

  /** What tables and options call it: {@code data}, {@code baseline-done}. */
  public String word() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** The kind with this code, or null when the format knows none. */
  public static @Nullable RecordKind ofCode(final int code) {
    return code > 0 && code < BY_CODE.length ? BY_CODE[code] : null;
  }

  /** Whether such a record carries 4096 bytes of payload (stored, shared, or all zero). */
  public boolean hasPayload() {
    return shape == Shape.BLOCK || shape == Shape.TEXT;
  }

  /** Whether such a record names blocks of the disk; the others are events in time only. */
  public boolean hasBlocks() {
    return shape == Shape.BLOCK || shape == Shape.RUN;
  }

  /** Whether such a record may stand for more than one block. */
  public boolean isRun() {
    return shape == Shape.RUN;
  }

  /**
   * Whether such a record may stand in a segment that stands for others: it says what the disk
   * held, or that this is uncertain.
   */
  public boolean mayStandForOthers() {
    return this == ZEROES || this == BASELINE || this == GAP;
  }

  /**
   * Whether such a record says what blocks hold from then on. A gap names blocks but does not, nor
   * do those that tell that others have been read.
   */
  public boolean setsContent() {
    return hasBlocks() && this != GAP && this != BASELINE_DONE && this != RESYNC_DONE;
  }
}
