package io.blockcam.vmtests.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.blockcam.vmtests.host.Limits;
import io.blockcam.vmtests.host.Shell;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * What was measured in one run.
 *
 * @param perSecond requests; of a mixture, all of them; of a script, how often it could run
 * @param p50Us completion latency in microseconds; of a mixture, that of the reads; of a script,
 *     all its time
 */
record Figures(double perSecond, double p50Us, double p99Us, double p999Us) {

  /**
   * Runs a workload once.
   *
   * @param seconds at most, of a job of fio
   * @param scratch has the tar file
   */
  static Figures of(
      final Workload workload, final Path device, final double seconds, final Path scratch) {
    return switch (workload) {
      case Workload.Job job -> of(job, device, seconds);
      case Workload.Script script -> of(script, device, scratch);
    };
  }

  private static Figures of(final Workload.Script script, final Path device, final Path scratch) {
    final Path mount = scratch.resolve("mount");
    Shell.run("mkdir", "-p", mount.toString());
    final long startNs = System.nanoTime();
    Shell.sh(script.commands(), device, mount, scratch.resolve("tree.tar"));
    final double us = (System.nanoTime() - startNs) / 1000.0;
    return new Figures(1e6 / us, us, us, us);
  }

  static Figures of(final Workload.Job workload, final Path device, final double seconds) {
    final List<String> command =
        new ArrayList<>(
            List.of(
                "fio",
                "--name=bench",
                "--filename=" + device,
                "--direct=1",
                "--ioengine=libaio",
                "--thread",
                "--norandommap",
                "--randrepeat=0",
                "--group_reporting",
                "--output-format=json",
                "--percentile_list=50:99:99.9",
                "--runtime=" + (long) (seconds * 1000) + "ms"));
    if (workload.cpu() != Workload.Job.ANY_CPU) {
      command.add("--cpus_allowed=" + workload.cpu());
    }
    workload.options().forEach(option -> command.add("--" + option));
    final Shell.Result run =
        Shell.execute(Limits.seconds(120), command.toArray(String[]::new)).shouldSucceed();
    try {
      // Warnings may come first.
      final String json = run.out().substring(run.out().indexOf('{'));
      final JsonNode job = new ObjectMapper().readTree(json).path("jobs").path(0);
      final JsonNode read = job.path("read");
      final JsonNode write = job.path("write");
      final JsonNode latency =
          (read.path("total_ios").asLong() > 0 ? read : write).path("clat_ns").path("percentile");
      return new Figures(
          read.path("iops").asDouble() + write.path("iops").asDouble(),
          latency.path("50.000000").asDouble() / 1000,
          latency.path("99.000000").asDouble() / 1000,
          latency.path("99.900000").asDouble() / 1000);
    } catch (final IOException e) {
      throw new UncheckedIOException("fio printed no JSON: " + run, e);
    }
  }
}
