package io.blockcam.benchmarks.driverless;

import com.fasterxml.jackson.databind.JsonNode;

/**
 * What a contender did in one round of a workload.
 *
 * @param perSecond requests; of a workload that commits, commits
 * @param sustained the same until nothing was left to be recorded
 * @param p50Us latency of a request, or of the FLUSH of a commit, in us
 * @param p99Us see p50Us
 * @param p999Us see p50Us
 * @param cpuUs time on processors for each, of all threads of the server, in us
 * @param queueUs of that the queue's thread
 * @param consumerUs of that the thread that fills the spool
 * @param switches context switches for each
 */
record Reading(
    double perSecond,
    double sustained,
    double p50Us,
    double p99Us,
    double p999Us,
    double cpuUs,
    double queueUs,
    double consumerUs,
    double switches) {

  /** Of the driver's line. */
  static Reading of(final JsonNode line, final Workload workload) {
    final double requests = line.get("requests").asDouble();
    final double seconds = line.get("seconds").asDouble();
    final String latency = workload.commits() ? "flushP" : "p";
    return new Reading(
        requests / seconds,
        requests / (seconds + line.get("drainSeconds").asDouble()),
        line.get(latency + "50us").asDouble(),
        line.get(latency + "99us").asDouble(),
        line.get(latency + "999us").asDouble(),
        used(line, "cpuNs") / requests / 1000,
        used(line, "queue", "cpuNs") / requests / 1000,
        used(line, "consumer", "cpuNs") / requests / 1000,
        used(line, "switches") / requests);
  }

  private static double used(final JsonNode line, final String what) {
    return sum(line.get("after"), what) - sum(line.get("before"), what);
  }

  /** Of one kind of thread; 0 where the server has none of it. */
  private static double used(final JsonNode line, final String thread, final String what) {
    return line.path("after").path(thread).path(what).asDouble()
        - line.path("before").path(thread).path(what).asDouble();
  }

  private static double sum(final JsonNode threads, final String what) {
    double sum = 0;
    for (final JsonNode thread : threads) {
      sum += thread.get(what).asDouble();
    }
    return sum;
  }
}
