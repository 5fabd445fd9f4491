package io.blockcam.simulator;

/** A write or zeroing of the guest, and what became of it. */
final class GuestWrite {

  /** What is known of it. */
  enum Outcome {
    /** The guest waits. */
    PENDING,
    /** The guest was told that it is done. */
    ACKNOWLEDGED,
    /** The guest was told that it failed, or never told. */
    UNKNOWN,
    /** Acknowledged, but not flushed when the power went. */
    PERHAPS_LOST
  }

  /** Stamp of a sector of zeroes. */
  static final long ZERO = 0;

  private static final int INDEX_BITS = 20;

  final long id;
  final int firstSector;
  final int sectors;
  final boolean fua;
  final Content content;
  Outcome outcome = Outcome.PENDING;
  boolean flushed;

  /** Whether more than one server was sent it: it may be done and recorded as often. */
  boolean isSentAgain;

  /** Whether it was done without being recorded. */
  boolean missed;

  /** Whether the disk has lost some of it that it had taken, and told somebody. */
  boolean lost;

  /** Whether the disk was asked for any of it. */
  boolean started;

  /** What it puts into its sectors. */
  enum Content {
    /** Bytes that tell which write they are of. */
    UNIQUE,
    /** Bytes that other writes have, too. */
    COMMON,
    /** Zeroes, as data. */
    ZEROES,
    /** None: a discard or a zeroing. */
    NONE
  }

  GuestWrite(
      final long id,
      final int firstSector,
      final int sectors,
      final boolean fua,
      final Content content) {
    this.id = id;
    this.firstSector = firstSector;
    this.sectors = sectors;
    this.fua = fua;
    this.content = content;
  }

  /** What a sector of the disk holds once this is done: 512 bytes, eight at a time. */
  long stamp(final int sector) {
    return switch (content) {
      case UNIQUE -> id << INDEX_BITS | sector - firstSector + 1;
      case COMMON -> -1L - sector % 8;
      case ZEROES, NONE -> ZERO;
    };
  }

  /** Which write a sector was written by; 0 when its content does not tell. */
  static long idOf(final long stamp) {
    return stamp < 0 ? 0 : stamp >>> INDEX_BITS;
  }

  boolean isUnique() {
    return content == Content.UNIQUE;
  }

  @Override
  public String toString() {
    return "write %d (%s, %d sectors at %d%s, %s%s%s)"
        .formatted(
            id,
            content,
            sectors,
            firstSector,
            fua ? ", FUA" : "",
            outcome,
            flushed ? ", flushed" : "",
            missed ? ", missed" : "");
  }
}
