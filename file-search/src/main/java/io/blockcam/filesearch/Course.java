package io.blockcam.filesearch;

import io.blockcam.archive.Moment;
import io.blockcam.filesearch.Presence.End;
import java.util.Arrays;
import java.util.BitSet;

/**
 * What is known of a stretch of the disk on which a file may lie: which of its sectors are there,
 * and where they came from; and the same as it was before the file was no longer whole. One thread.
 */
final class Course {
  /** For the {@link Extent.Beginning}. */
  static final long BEGINNING = -1;

  /** Nobody has told what is there. */
  static final long UNKNOWN = -2;

  final Candidates.Stretch stretch;
  private final BitSet there = new BitSet();
  private final long[] refs;

  /** Sectors that were changed since then; what they were. */
  private final BitSet changed = new BitSet();

  private final BitSet wasThere = new BitSet();
  private long[] before = {};

  /** Sectors that a whole file has to have. */
  private final BitSet required;

  /** How many of them are not there. */
  private int missing;

  /** When all of them were there, which makes a copy in one piece. */
  private final Spans whole = new Spans();

  /**
   * @param required sectors of the file that a whole one has to have; stays the caller's
   */
  Course(final Candidates.Stretch stretch, final BitSet required) {
    this.stretch = stretch;
    this.required = required;
    this.missing = required.cardinality();
    this.refs = new long[stretch.to() - stretch.from()];
    Arrays.fill(refs, UNKNOWN);
  }

  /** A reference to a record. */
  static long ref(final long segment, final int record) {
    return segment << 32 | record;
  }

  static Extent.Origin origin(final long ref) {
    return ref == BEGINNING ? new Extent.Beginning() : new Extent.Recorded(ref >>> 32, (int) ref);
  }

  boolean isThere(final int sector) {
    return there.get(sector - stretch.from());
  }

  /**
   * A sector was written.
   *
   * @param is whether it is that of the file now
   * @param ref what did it
   * @param remember whether what it was until now may be asked for
   */
  void set(final int sector, final boolean is, final long ref, final boolean remember) {
    final int i = sector - stretch.from();
    if (remember && !changed.get(i)) {
      if (before.length == 0) {
        before = new long[refs.length];
      }
      changed.set(i);
      wasThere.set(i, there.get(i));
      before[i] = refs[i];
    }
    there.set(i, is);
    refs[i] = ref;
  }

  /** A sector that the file has has come. */
  void comes(final int sector, final Moment at) {
    if (required.get(sector) && --missing == 0) {
      whole.open(at);
    }
  }

  /** One of them is gone. */
  void goes(final int sector, final Moment at, final End how) {
    if (required.get(sector)) {
      missing++;
      whole.close(at, how);
    }
  }

  /** Spans in which all of the file was here. */
  Spans whole() {
    return whole;
  }

  /** Nothing is to be remembered any more. */
  void forget() {
    if (before.length > 0) {
      Arrays.fill(before, 0);
      changed.clear();
    }
  }

  /** Whether a sector is there, or was when what is remembered was so. */
  boolean is(final int sector, final boolean remembered) {
    final int i = sector - stretch.from();
    return i >= 0
        && i < refs.length
        && (remembered && changed.get(i) ? wasThere.get(i) : there.get(i));
  }

  /** What was written there last. */
  long ref(final int sector, final boolean remembered) {
    final int i = sector - stretch.from();
    if (i < 0 || i >= refs.length) {
      return UNKNOWN;
    }
    return remembered && changed.get(i) ? before[i] : refs[i];
  }
}
