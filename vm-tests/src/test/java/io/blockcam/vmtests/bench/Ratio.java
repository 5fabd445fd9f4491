package io.blockcam.vmtests.bench;

import java.util.List;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * What is to hold between two disks under a workload.
 *
 * @param what the disk
 * @param against the one it is compared with
 * @param figure which figure of both
 * @param bound what the median of the ratios, round by round, is held against
 */
record Ratio(Workload workload, String what, String against, Figure figure, double bound) {

  /** What is compared. */
  enum Figure {
    /** Requests per second: the more the better. */
    RATE("rate", Figures::perSecond),
    /** The latency that one request of a thousand exceeds: the less the better. */
    P999("p99.9", Figures::p999Us);

    private final String word;
    private final ToDoubleFunction<Figures> of;

    Figure(final String word, final ToDoubleFunction<Figures> of) {
      this.word = word;
      this.of = of;
    }

    String word() {
      return word;
    }
  }

  static final String KUBLK_NULL = "kublk null";
  static final String KUBLK_LOOP = "kublk loop";
  static final String SERVE_NULL = "serve null";
  static final String SERVE = "serve";
  static final String SERVE_QUEUES = "serve, 4 queues";
  static final String RECORD = "record";
  static final String RECORD_AND_SHIP = "record, shipping";

  /** All that are held against a bound. */
  static final List<Ratio> ALL =
      List.of(
          rate(Workload.WRITE_4K_ONE, SERVE_NULL, KUBLK_NULL, 0.95),
          rate(Workload.WRITE_4K_MANY, SERVE_NULL, KUBLK_NULL, 0.95),
          rate(Workload.READ_4K_ONE, SERVE_NULL, KUBLK_NULL, 0.95),
          rate(Workload.READ_4K_MANY, SERVE_NULL, KUBLK_NULL, 0.95),
          rate(Workload.WRITE_4K_ONE, SERVE, KUBLK_LOOP, 0.95),
          rate(Workload.READ_4K_ONE, SERVE, KUBLK_LOOP, 0.95),
          rate(Workload.WRITE_4K_MANY, SERVE, KUBLK_LOOP, 0.90),
          rate(Workload.READ_4K_MANY, SERVE, KUBLK_LOOP, 0.90),
          rate(Workload.WRITE_LARGE, SERVE, KUBLK_LOOP, 0.90),
          rate(Workload.READ_LARGE, SERVE, KUBLK_LOOP, 0.90),
          rate(Workload.READ_4K_ONE, RECORD, SERVE, 0.97),
          rate(Workload.READ_4K_MANY, RECORD, SERVE, 0.97),
          rate(Workload.READ_LARGE, RECORD, SERVE, 0.97),
          rate(Workload.WRITE_4K_ONE, RECORD, SERVE, 0.95),
          rate(Workload.WRITE_4K_MANY, RECORD, SERVE, 0.80),
          rate(Workload.WRITE_LARGE, RECORD, SERVE, 0.60),
          rate(Workload.WRITE_4K_ONE, RECORD, LogWrites.NAME, 1.3),
          rate(Workload.WRITE_4K_MANY, RECORD, LogWrites.NAME, 2.0),
          rate(Workload.WRITE_LARGE, RECORD, LogWrites.NAME, 1.5),
          rate(Workload.WRITE_4K_JOBS, SERVE_QUEUES, SERVE, 1.0),
          new Ratio(Workload.WRITE_4K_ONE, RECORD, KUBLK_LOOP, Figure.P999, 1.5));

  private static Ratio rate(
      final Workload workload, final String what, final String against, final double least) {
    return new Ratio(workload, what, against, Figure.RATE, least);
  }

  /** Whether the bound is the most, not the least. */
  boolean isAtMost() {
    return figure == Figure.P999;
  }

  /**
   * Whether it says something in a test host, too: that of two servers that do nothing. Files in
   * memory, and threads that take turns there, make the others differ by a factor.
   */
  boolean isStable() {
    return what.equals(SERVE_NULL);
  }

  /** The ratios, round by round; null when one of the two did not take part. */
  @Nullable Spread in(final Results results) {
    final List<Figures> ours = results.of(workload, what);
    final List<Figures> theirs = results.of(workload, against);
    if (ours.isEmpty() || ours.size() != theirs.size()) {
      return null;
    }
    final double[] ratios = new double[ours.size()];
    for (int i = 0; i < ratios.length; i++) {
      ratios[i] = figure.of.applyAsDouble(ours.get(i)) / figure.of.applyAsDouble(theirs.get(i));
    }
    return Spread.of(ratios);
  }

  /** Whether not even the best of the rounds has held it. */
  boolean isMissedBy(final Spread rounds) {
    return isAtMost() ? rounds.least() > bound : rounds.most() < bound;
  }

  boolean holds(final double median) {
    return isAtMost() ? median <= bound : median >= bound;
  }
}
