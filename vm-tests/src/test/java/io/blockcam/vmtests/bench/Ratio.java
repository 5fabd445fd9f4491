package io.blockcam.vmtests.bench;

import java.util.List;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * What is to hold between two disks under a workload.
 *
 * @param what the disk
 * @param against the one it is compared with
 * @param of which figure of both
 * @param bound what the median of the ratios, round by round, is held against
 * @param atMost whether that is the most, not the least
 */
record Ratio(
    Workload workload,
    String what,
    String against,
    ToDoubleFunction<Figures> of,
    double bound,
    boolean atMost) {

  static final String KUBLK_NULL = "kublk null";
  static final String KUBLK_LOOP = "kublk loop";
  static final String SERVE_NULL = "serve null";
  static final String SERVE = "serve";
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
          new Ratio(
              Workload.WRITE_4K_ONE, RECORD, KUBLK_LOOP, Figures::p999Us, 1.5, /* atMost= */ true));

  private static Ratio rate(
      final Workload workload, final String what, final String against, final double least) {
    return new Ratio(workload, what, against, Figures::perSecond, least, /* atMost= */ false);
  }

  /** Which figure, in a word. */
  String unit() {
    return atMost ? "p99.9" : "rate";
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
      ratios[i] = of.applyAsDouble(ours.get(i)) / of.applyAsDouble(theirs.get(i));
    }
    return Spread.of(ratios);
  }

  boolean holds(final double median) {
    return atMost ? median <= bound : median >= bound;
  }
}
