package io.blockcam.benchmarks.driverless;

import java.util.List;

/**
 * What the guest does.
 *
 * @param name for people
 * @param operation as the driver calls it
 * @param blockBytes of each request
 * @param depth requests in flight
 */
record Workload(String name, String operation, int blockBytes, int depth) {

  static final List<Workload> ALL =
      List.of(
          new Workload("4k randread qd1", "randread", 4096, 1),
          new Workload("4k randread qd32", "randread", 4096, 32),
          new Workload("4k randwrite qd1", "randwrite", 4096, 1),
          new Workload("4k randwrite qd32", "randwrite", 4096, 32),
          new Workload("128k write qd8", "write", 128 << 10, 8),
          new Workload("4k write + fsync", "commit", 4096, 1));

  /** Whether every write is followed by a FLUSH. */
  boolean commits() {
    return operation.equals("commit");
  }
}
