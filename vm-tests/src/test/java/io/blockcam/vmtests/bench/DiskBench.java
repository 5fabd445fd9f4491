package io.blockcam.vmtests.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.blockcam.vmtests.host.Shell;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * Measures disks by turns: in each round of a workload every disk does it once, so that whatever
 * the machine does beside it hits all of them.
 */
public final class DiskBench {
  private static final int DISK_MIB = 64;
  private static final int LOG_MIB = 512;
  private static final int QUEUES = 4;

  private final Path scratch;
  private final Path kublk;
  private final Results results = new Results();

  private DiskBench(final Path scratch, final Path kublk) {
    this.scratch = scratch;
    this.kublk = kublk;
  }

  /**
   * Called by {@code scripts/bench}.
   *
   * @param arguments the program kublk, a file for JSON or nothing, how many rounds, seconds of
   *     each run, regular expressions for the names of disks and of workloads, and {@code check} or
   *     nothing
   */
  public static void main(final String[] arguments) throws IOException {
    Locale.setDefault(Locale.ROOT);
    final Path scratch = Files.createTempDirectory(Path.of("/dev/shm"), "bench");
    final DiskBench bench = new DiskBench(scratch, Path.of(arguments[0]));
    try {
      bench.run(
          Integer.parseInt(arguments[2]),
          Double.parseDouble(arguments[3]),
          Pattern.compile(arguments[4]),
          Pattern.compile(arguments[5]));
    } finally {
      Shell.run("rm", "-rf", scratch.toString());
    }
    System.out.print(bench.results.table());
    final List<Ratio> missed = bench.results.missed();
    if (!arguments[1].isEmpty()) {
      final Map<String, Object> facts = new LinkedHashMap<>();
      facts.put("date", Instant.now().toString());
      facts.put("kernel", Shell.run("uname", "-rm").strip());
      facts.put("cpus", Runtime.getRuntime().availableProcessors());
      facts.put("java", Runtime.version().toString());
      facts.putAll(bench.results.facts());
      new ObjectMapper()
          .writerWithDefaultPrettyPrinter()
          .writeValue(Path.of(arguments[1]).toFile(), facts);
    }
    if (arguments[6].equals("check") && !missed.isEmpty()) {
      System.err.printf("bench: %d bounds were missed in every round%n", missed.size());
      System.exit(1);
    }
  }

  private void run(
      final int rounds, final double seconds, final Pattern disks, final Pattern workloads) {
    final List<Contender> contenders = new ArrayList<>();
    try {
      start(contenders, disks);
      // Some hundred files that every machine with a compiler has.
      Shell.sh("tar cf $1 -C /usr/include linux", scratch.resolve("tree.tar"));
      for (final Workload workload : Workload.ALL) {
        if (workloads.matcher(workload.name()).find()) {
          run(workload, contenders, rounds, seconds);
        }
      }
    } finally {
      for (final Contender contender : contenders.reversed()) {
        contender.close();
      }
    }
  }

  private void run(
      final Workload workload,
      final List<Contender> contenders,
      final int rounds,
      final double seconds) {
    final List<Contender> able =
        contenders.stream()
            .filter(contender -> !workload.needsContent() || !contender.name().contains("null"))
            .toList();
    able.forEach(Contender::begin);
    // Round 0 does not count: in it the compilers of the JVMs meet this workload.
    for (int round = 0; round <= rounds; round++) {
      System.err.printf("bench: %s, round %d of %d%n", workload.name(), round, rounds);
      for (final Contender contender : able) {
        final Figures figures = Figures.of(workload, contender.ready(), seconds, scratch);
        if (round > 0) {
          results.add(workload, contender.name(), figures);
        }
      }
    }
  }

  /** Makes a disk. */
  @FunctionalInterface
  private interface Maker {
    Contender make(String name);
  }

  private void start(final List<Contender> contenders, final Pattern wanted) {
    final Map<String, Maker> makers = new LinkedHashMap<>();
    makers.put(Ratio.KUBLK_NULL, name -> new Kublk(name, kublk, 20, "null"));
    makers.put(Ratio.SERVE_NULL, name -> new Served(name, "null"));
    makers.put(Ratio.KUBLK_LOOP, name -> new Kublk(name, kublk, 21, "loop", image("kublk")));
    makers.put(KernelLoop.NAME, name -> new KernelLoop(image("loop")));
    makers.put(LogWrites.NAME, name -> new LogWrites(image("logged"), sparse("log")));
    makers.put(QemuLog.NAME, name -> new QemuLog(image("qemu"), scratch.resolve("qemu.log")));
    makers.put(Ratio.SERVE, name -> new Served(name, image("served").toString()));
    makers.put(
        Ratio.SERVE_QUEUES,
        name -> new Served(name, image("queues").toString(), "--queues", QUEUES));
    makers.put(
        Ratio.RECORD, name -> new Recorded(name, scratch.resolve("recorded"), DISK_MIB, false));
    makers.put(
        Ratio.RECORD_AND_SHIP,
        name -> new Recorded(name, scratch.resolve("shipped"), DISK_MIB, true));
    makers.forEach(
        (name, maker) -> {
          if (wanted.matcher(name).find()) {
            contenders.add(maker.make(name));
          }
        });
  }

  /** A file whose memory is allocated. */
  private Path image(final String name) {
    final Path file = scratch.resolve(name + ".img");
    Shell.sh("dd if=/dev/zero of=$1 bs=1M count=$2", file, DISK_MIB);
    return file;
  }

  private Path sparse(final String name) {
    final Path file = scratch.resolve(name + ".img");
    Shell.run("truncate", "--size=" + LOG_MIB + "M", file.toString());
    return file;
  }
}
