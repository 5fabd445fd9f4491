package io.blockcam.vmtests.bench;

import java.util.Arrays;

/** Where the values of several rounds lie. */
record Spread(double least, double median, double most) {

  /**
   * @param values at least one
   */
  static Spread of(final double... values) {
    final double[] sorted = values.clone();
    Arrays.sort(sorted);
    final int middle = sorted.length / 2;
    return new Spread(
        sorted[0],
        sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2,
        sorted[sorted.length - 1]);
  }
}
