package io.blockcam.benchmarks.driverless;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Compares {@code serve}, {@code record} and a server in C on the machine's own kernel, without
 * ublk, by turns.
 *
 * <pre>
 * NativeBench BINARIES [--rounds N] [--ms N] [--unpinned] [--check] [--workloads RE] [--directory DIR] [--json FILE]
 * </pre>
 *
 * <p>BINARIES holds what {@code src/native} makes. Backing file, ring and spool are in memory, or
 * below DIR but for the ring. Pinned, driver and queue run on one processor, everything else on
 * another; medians of the rounds, ratios of what stands side by side in one.
 */
public final class NativeBench {

  private static final long DISK_BYTES = 256L << 20;

  /** With one processor beside the queue's the JVM compiles for so long. */
  private static final int JVM_WARM_UP_MS = 4000;

  private static final Path MEMORY = Path.of("/dev/shm");
  private static final String BASE = "serve";
  private static final List<String> CONTENDERS = List.of("C", BASE, "record");

  private final Path binaries;
  private int rounds = 5;
  private int milliseconds = 1500;
  private boolean pinned = true;
  private boolean check;
  private Path place = MEMORY;
  private Pattern workloads = Pattern.compile("");
  private Path json = Path.of("");

  private NativeBench(final Path binaries) {
    this.binaries = binaries;
  }

  /** See the class. */
  public static void main(final String[] arguments) throws IOException, InterruptedException {
    final NativeBench bench = new NativeBench(Path.of(arguments[0]));
    for (int i = 1; i < arguments.length; i++) {
      switch (arguments[i]) {
        case "--rounds" -> bench.rounds = Integer.parseInt(arguments[++i]);
        case "--ms" -> bench.milliseconds = Integer.parseInt(arguments[++i]);
        case "--unpinned" -> bench.pinned = false;
        case "--check" -> bench.check = true;
        case "--directory" -> bench.place = Path.of(arguments[++i]);
        case "--workloads" -> bench.workloads = Pattern.compile(arguments[++i]);
        case "--json" -> bench.json = Path.of(arguments[++i]);
        default -> throw new IllegalArgumentException("unknown argument " + arguments[i]);
      }
    }
    if (!bench.run() && bench.check) {
      System.exit(1);
    }
  }

  /** Whether each bound was held in one round at least. */
  private boolean run() throws IOException, InterruptedException {
    final Path own = Files.createTempDirectory(place, "blockcam-native");
    boolean held = true;
    try {
      final Path disk = own.resolve("disk");
      fill(disk);
      final ObjectNode all = JsonMapper.builder().build().createObjectNode();
      all.put("pinned", pinned).put("rounds", rounds).put("milliseconds", milliseconds);
      heading(System.out);
      for (final Workload workload :
          Workload.ALL.stream().filter(each -> workloads.matcher(each.name()).find()).toList()) {
        final Map<String, List<Reading>> readings = new LinkedHashMap<>();
        for (int round = 0; round < rounds; round++) {
          for (final String contender : inTurn(round)) {
            readings
                .computeIfAbsent(contender, name -> new ArrayList<>())
                .add(measure(contender, workload, disk));
          }
        }
        tell(System.out, workload, readings);
        held &= isHeld("serve", "C", Workload.LEAST_SERVED, readings);
        held &= isHeld("record", BASE, workload.leastRecorded(), readings);
        all.set(workload.name(), JsonMapper.builder().build().valueToTree(readings));
      }
      if (!json.toString().isEmpty()) {
        Files.writeString(json, all.toPrettyString() + "\n");
      }
      return held;
    } finally {
      remove(own);
    }
  }

  /** Each is first as often as the others. */
  private static List<String> inTurn(final int round) {
    final List<String> order = new ArrayList<>(CONTENDERS);
    Collections.rotate(order, round);
    return order;
  }

  private Reading measure(final String contender, final Workload workload, final Path disk)
      throws IOException, InterruptedException {
    final Path spool = Files.createTempDirectory(place, "blockcam-native");
    final Path ring = Files.createTempDirectory(MEMORY, "blockcam-native");
    try {
      final List<String> command = new ArrayList<>();
      command.addAll(
          List.of(
              binaries.resolve("ublk-driver").toString(),
              workload.operation(),
              Integer.toString(workload.blockBytes()),
              Integer.toString(workload.depth()),
              Integer.toString(contender.equals("C") ? milliseconds : JVM_WARM_UP_MS),
              Integer.toString(milliseconds),
              Long.toString(DISK_BYTES),
              pinned ? "0" : "-1"));
      command.addAll(server(contender, workload, disk, List.of(spool, ring)));
      final Process driver =
          new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
      final String line =
          new String(driver.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      final int status = driver.waitFor();
      if (status != 0) {
        throw new IOException("%s ended with %d".formatted(command, status));
      }
      final JsonNode result = JsonMapper.builder().build().readTree(line);
      return Reading.of(result, workload);
    } finally {
      remove(spool);
      remove(ring);
    }
  }

  private List<String> server(
      final String contender, final Workload workload, final Path disk, final List<Path> places) {
    final List<String> command = new ArrayList<>();
    if (contender.equals("C")) {
      if (pinned) {
        command.addAll(List.of("taskset", "-c", "0"));
      }
      command.add(binaries.resolve("ublk-loop").toString());
      command.addAll(List.of(disk.toString(), Integer.toString(workload.depth())));
      return command;
    }
    if (pinned) {
      command.addAll(List.of("taskset", "-c", "1"));
    }
    // As bin/blockcam starts it.
    command.add(ProcessHandle.current().info().command().orElse("java"));
    command.addAll(
        List.of(
            "--enable-native-access=ALL-UNNAMED",
            "-XX:+UseSerialGC",
            "-XX:-UsePerfData",
            "-Xms128m",
            "-Xmx128m",
            "-XX:+AlwaysPreTouch"));
    if (pinned) {
      command.add("-XX:ActiveProcessorCount=2"); // taskset(1) hides one from it
    }
    command.addAll(
        List.of(
            "-cp",
            System.getProperty("java.class.path"),
            Server.class.getName(),
            contender,
            disk.toString(),
            places.get(0).toString(),
            places.get(1).resolve("ring").toString(),
            pinned ? "0" : "-1",
            Integer.toString(workload.depth())));
    return command;
  }

  private static void heading(final PrintStream out) {
    out.printf(
        Locale.ROOT,
        "%-18s %-7s %10s %10s  %-17s %-17s %7s %7s %8s %7s %7s %8s %6s%n",
        "workload",
        "",
        "raw/s",
        "sustained",
        "raw : " + BASE,
        "sustained : " + BASE,
        "p50 us",
        "p99 us",
        "p99.9 us",
        "CPU us",
        "queue",
        "consumer",
        "cs");
  }

  private static void tell(
      final PrintStream out, final Workload workload, final Map<String, List<Reading>> readings) {
    final List<Reading> base = readings.getOrDefault(BASE, List.of());
    for (final String contender : CONTENDERS) {
      final List<Reading> own = readings.getOrDefault(contender, List.of());
      out.printf(
          Locale.ROOT,
          "%-18s %-7s %,10.0f %,10.0f  %-17s %-17s %7.1f %7.1f %8.1f %7.2f %7.2f %8.2f %6.2f%n",
          contender.equals(CONTENDERS.getFirst()) ? workload.name() : "",
          contender,
          median(own, Reading::perSecond),
          median(own, Reading::sustained),
          ratio(own, base, Reading::perSecond),
          ratio(own, base, Reading::sustained),
          median(own, Reading::p50Us),
          median(own, Reading::p99Us),
          median(own, Reading::p999Us),
          median(own, Reading::cpuUs),
          median(own, Reading::queueUs),
          median(own, Reading::consumerUs),
          median(own, Reading::switches));
    }
    out.flush();
  }

  private static double median(final List<Reading> all, final ToDoubleFunction<Reading> what) {
    return median(all.stream().mapToDouble(what).toArray());
  }

  private static double median(final double[] values) {
    final double[] sorted = values.clone();
    Arrays.sort(sorted);
    final int middle = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }

  private boolean isHeld(
      final String contender,
      final String base,
      final double least,
      final Map<String, List<Reading>> readings) {
    final double best =
        Arrays.stream(
                ratios(
                    readings.getOrDefault(contender, List.of()),
                    readings.getOrDefault(base, List.of()),
                    Reading::sustained))
            .max()
            .orElse(0);
    if (check && best < least) {
      System.out.printf(
          Locale.ROOT,
          "MISSED: %s : %s is %.2f at best, %.2f at least%n",
          contender,
          base,
          best,
          least);
    }
    return best >= least;
  }

  private static double[] ratios(
      final List<Reading> own, final List<Reading> base, final ToDoubleFunction<Reading> what) {
    final double[] ratios = new double[own.size()];
    for (int i = 0; i < ratios.length; i++) {
      ratios[i] = what.applyAsDouble(own.get(i)) / what.applyAsDouble(base.get(i));
    }
    return ratios;
  }

  /** Median, and from where to where. */
  private static String ratio(
      final List<Reading> own, final List<Reading> base, final ToDoubleFunction<Reading> what) {
    final double[] ratios = ratios(own, base, what);
    return "%.2f (%.2f-%.2f)"
        .formatted(
            median(ratios),
            Arrays.stream(ratios).min().orElse(0),
            Arrays.stream(ratios).max().orElse(0));
  }

  /** Not sparse: who writes first would wait for room. */
  private static void fill(final Path disk) throws IOException {
    final byte[] chunk = new byte[1 << 20];
    Arrays.fill(chunk, (byte) 1);
    try (var out = Files.newOutputStream(disk)) {
      for (long written = 0; written < DISK_BYTES; written += chunk.length) {
        out.write(chunk);
      }
    }
  }

  private static void remove(final Path directory) throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      for (final Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
