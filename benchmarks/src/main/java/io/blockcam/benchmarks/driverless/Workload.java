package io.blockcam.benchmarks.driverless;

import java.util.List;

/**
 * What the guest does.
 *
 * @param name for people
 * @param operation as the driver calls it
 * @param blockBytes of each request
 * @param depth requests in flight
 * @param leastRecorded bound of {@code record} : {@code serve}, sustained
 */
record Workload(String name, String operation, int blockBytes, int depth, double leastRecorded) {

  /** Bound of {@code serve} : C. */
  static final double LEAST_SERVED = 0.95;

  static final List<Workload> ALL =
      List.of(
          new Workload("4k randread qd1", "randread", 4096, 1, 0.97),
          new Workload("4k randread qd32", "randread", 4096, 32, 0.97),
          new Workload("4k randwrite qd1", "randwrite", 4096, 1, 0.85),
          new Workload("4k randwrite qd32", "randwrite", 4096, 32, 0.6),
          new Workload("128k write qd8", "write", 128 << 10, 8, 0.2),
          new Workload("4k write + fsync", "commit", 4096, 1, 0.55));

  /** Whether every write is followed by a FLUSH. */
  boolean commits() {
    return operation.equals("commit");
  }
}
