package io.blockcam.filesearch;

import io.blockcam.archive.Moment;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * When a file was on the disk, and where.
 *
 * @param target which file
 * @param probative how many of its sectors prove something
 * @param whole spans in which all of it was there
 * @param parts spans in which at least one of its sectors was there that prove something
 * @param copies places on which all of it was in one piece
 * @param first where it was at the first moment at which it was whole
 * @param last where it was at the last one
 * @param best of a file that was never whole, where it was when most of it was there
 * @param isPrefix whether its last sector is a part behind which something else than zeroes stood
 */
public record Sighting(
    Target target,
    int probative,
    List<Presence.Span> whole,
    List<Presence.Span> parts,
    List<Copy> copies,
    Evidence first,
    Evidence last,
    Evidence best,
    boolean isPrefix) {

  /**
   * A file in one piece.
   *
   * @param diskSector on which it begins
   * @param spans in which all of it was there
   */
  public record Copy(long diskSector, List<Presence.Span> spans) {

    /** Copies the list. */
    public Copy {
      spans = List.copyOf(spans);
    }
  }

  /** Copies the lists. */
  public Sighting {
    whole = List.copyOf(whole);
    parts = List.copyOf(parts);
    copies = List.copyOf(copies);
  }

  static Sighting absent(final Target target, final int probative) {
    return new Sighting(
        target,
        probative,
        List.of(),
        List.of(),
        List.of(),
        Evidence.NONE,
        Evidence.NONE,
        Evidence.NONE,
        false);
  }

  /** What a search says of a file. */
  public enum Verdict {
    /** All of it was there at once. */
    PRESENT,
    /** Some sectors of it were that say something. */
    PARTLY,
    /** None was. */
    ABSENT,
    /** None of its sectors says anything: nobody can tell. */
    UNPROVABLE
  }

  /** What that comes to. */
  public Verdict verdict() {
    if (probative == 0) {
      return Verdict.UNPROVABLE;
    }
    if (!whole.isEmpty()) {
      return Verdict.PRESENT;
    }
    return parts.isEmpty() ? Verdict.ABSENT : Verdict.PARTLY;
  }

  /** The largest part of its probative sectors that was there at once, 0 to 1. */
  public double coverage() {
    final int most = parts.stream().mapToInt(Presence.Span::best).max().orElse(0);
    return probative == 0 ? 0 : (double) most / probative;
  }

  /** Whether recorded bytes were compared with all that is said to have been there. */
  public boolean isProven() {
    return verdict() == Verdict.PRESENT
        ? first.comparedBytes() == target.bytes() && last.comparedBytes() == target.bytes()
        : best.comparedBytes() > 0;
  }

  /** The same with other moments, as a clock showed them. */
  public Sighting shownBy(final UnaryOperator<Moment> clock) {
    return new Sighting(
        target,
        probative,
        shownBy(clock, whole),
        shownBy(clock, parts),
        copies.stream().map(copy -> new Copy(copy.diskSector, shownBy(clock, copy.spans))).toList(),
        first,
        last,
        best,
        isPrefix);
  }

  private static List<Presence.Span> shownBy(
      final UnaryOperator<Moment> clock, final List<Presence.Span> spans) {
    return spans.stream()
        .map(
            span ->
                new Presence.Span(
                    clock.apply(span.first()), span.end().map(clock), span.best(), span.how()))
        .toList();
  }
}
