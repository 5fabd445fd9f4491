package io.blockcam.filesearch;

import io.blockcam.archive.Moment;
import io.blockcam.filesearch.Presence.End;
import io.blockcam.filesearch.Presence.Span;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Spans of the record in which something held, one after the other. One thread. */
final class Spans {
  private final List<Span> over = new ArrayList<>();
  private @Nullable Moment first;
  private int best;

  /** It holds from a moment on, if it did not before. */
  void open(final Moment at) {
    if (first == null) {
      first = at;
      best = 0;
    }
  }

  /** So many probative sectors are there; counts while it holds. */
  void counted(final int probative) {
    best = Math.max(best, probative);
  }

  /** It holds no longer, if it did. */
  void close(final Moment at, final End how) {
    if (first != null) {
      over.add(new Span(first, Optional.of(at), best, how));
      first = null;
    }
  }

  /**
   * Nothing that is over is of interest; what holds goes on.
   *
   * @param probative sectors that are there now
   */
  void forget(final int probative) {
    over.clear();
    best = probative;
  }

  boolean isOpen() {
    return first != null;
  }

  boolean isEmpty() {
    return first == null && over.isEmpty();
  }

  /** In their order; what is not over goes on. */
  List<Span> all() {
    final List<Span> all = new ArrayList<>(over);
    if (first != null) {
      all.add(new Span(first, Optional.empty(), best, End.STILL_THERE));
    }
    return List.copyOf(all);
  }
}
