package io.blockcam.filesearch;

import io.blockcam.archive.Moment;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;

/**
 * When a file was on the disk, and how much of it. Is told sector by sector, in the order of the
 * record, what comes and goes; a sector counts as long as it is in one place at least, so that a
 * file in fragments, or one that was moved, is one file. One thread.
 */
public final class Presence {
  private final BitSet required;
  private final int requiredCount;
  private final BitSet probative;

  /** In how many places each sector is. */
  private final int[] places;

  private int present;
  private int presentProbative;
  private final Spans parts = new Spans();
  private final Spans whole = new Spans();

  /** How a span ended. */
  public enum End {
    /** By a write. */
    OVERWRITTEN,
    /** By a discard, or by zeroes. */
    DISCARDED,
    /** Nobody knows: a gap, a write that failed, or a segment that cannot be read. */
    LOST,
    /** It did not: it is still there where the search ends. */
    STILL_THERE
  }

  /**
   * A span of the record.
   *
   * @param first of its moments
   * @param end the moment at which it was over; empty when it was not
   * @param best probative sectors that were there at the best of its moments
   * @param how it ended
   */
  public record Span(Moment first, Optional<Moment> end, int best, End how) {}

  /**
   * @param required sectors that must be there for all of it to be; stays the caller's
   * @param sectors of the file
   * @param probative those that say something; stays the caller's
   */
  Presence(final BitSet required, final int sectors, final BitSet probative) {
    this.required = required;
    this.requiredCount = required.cardinality();
    this.probative = probative;
    this.places = new int[sectors];
  }

  /**
   * A sector of the file stands on the disk now, or in one more place.
   *
   * @param at with which record
   */
  void comes(final int sector, final Moment at) {
    if (places[sector]++ > 0) {
      return;
    }
    if (probative.get(sector)) {
      presentProbative++;
      parts.open(at);
      parts.counted(presentProbative);
      whole.counted(presentProbative);
    }
    if (required.get(sector) && ++present == requiredCount) {
      whole.open(at);
      whole.counted(presentProbative);
    }
  }

  /**
   * It is no longer in one of its places.
   *
   * @param at with which record
   * @param how what that has done
   */
  void goes(final int sector, final Moment at, final End how) {
    if (--places[sector] > 0) {
      return;
    }
    if (required.get(sector)) {
      present--;
      whole.close(at, how);
    }
    if (probative.get(sector) && --presentProbative == 0) {
      parts.close(at, how);
    }
  }

  /** What is over by now is of no interest. */
  void forget() {
    whole.forget(presentProbative);
    parts.forget(presentProbative);
  }

  /** Whether a sector is in one place at least. */
  boolean isThere(final int sector) {
    return places[sector] > 0;
  }

  /** How many probative sectors are there. */
  int probativeThere() {
    return presentProbative;
  }

  /** Whether all of it is there. */
  boolean isWhole() {
    return whole.isOpen();
  }

  /** Whether all of it was there, now or before. */
  boolean wasWhole() {
    return !whole.isEmpty();
  }

  /** Spans in which all of it was there, in their order; what is not over goes on. */
  List<Span> whole() {
    return whole.all();
  }

  /** Spans in which at least one probative sector was there. */
  List<Span> parts() {
    return parts.all();
  }
}
