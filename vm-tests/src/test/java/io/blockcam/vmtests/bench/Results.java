package io.blockcam.vmtests.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/** What was measured: for each workload and disk, the figures of each round. */
final class Results {
  private final Map<Workload, Map<String, List<Figures>>> figures = new LinkedHashMap<>();

  void add(final Workload workload, final String disk, final Figures measured) {
    figures
        .computeIfAbsent(workload, any -> new LinkedHashMap<>())
        .computeIfAbsent(disk, any -> new ArrayList<>())
        .add(measured);
  }

  /** One of each round; empty when the disk took no part. */
  List<Figures> of(final Workload workload, final String disk) {
    return figures.getOrDefault(workload, Map.of()).getOrDefault(disk, List.of());
  }

  /** The bounds that did not hold in any round, of ratios that are stable. */
  List<Ratio> missed() {
    return Ratio.ALL.stream()
        .filter(
            ratio -> {
              final Spread spread = ratio.in(this);
              return ratio.isStable() && spread != null && ratio.isMissedBy(spread);
            })
        .toList();
  }

  private static Spread spread(final List<Figures> rounds, final ToDoubleFunction<Figures> figure) {
    return Spread.of(rounds.stream().mapToDouble(figure).toArray());
  }

  private static String rate(final double perSecond) {
    return (perSecond < 100 ? "%.2f" : "%.0f").formatted(perSecond);
  }

  /** For a terminal. */
  String table() {
    final StringBuilder text = new StringBuilder();
    figures.forEach(
        (workload, disks) -> {
          text.append(
              "%n%-18s %10s %17s %9s %9s %9s%n"
                  .formatted(workload.name(), "per second", "least - most", "p50", "p99", "p99.9"));
          disks.forEach(
              (disk, rounds) -> {
                final Spread rate = spread(rounds, Figures::perSecond);
                text.append(
                    "  %-16s %10s %17s %9.0f %9.0f %9.0f%n"
                        .formatted(
                            disk,
                            rate(rate.median()),
                            rate(rate.least()) + " - " + rate(rate.most()),
                            spread(rounds, Figures::p50Us).median(),
                            spread(rounds, Figures::p99Us).median(),
                            spread(rounds, Figures::p999Us).median()));
              });
        });
    text.append(
        "%n%-18s %-16s %-14s %-6s %7s %15s %9s%n"
            .formatted("ratio", "of", "to", "", "median", "least - most", "bound"));
    for (final Ratio ratio : Ratio.ALL) {
      final Spread spread = ratio.in(this);
      if (spread != null) {
        text.append(
            "%-18s %-16s %-14s %-6s %7.2f %15s %9s%s%n"
                .formatted(
                    ratio.workload().name(),
                    ratio.what(),
                    ratio.against(),
                    ratio.figure().word(),
                    spread.median(),
                    "%.2f - %.2f".formatted(spread.least(), spread.most()),
                    (ratio.isAtMost() ? "<= %.2f" : ">= %.2f").formatted(ratio.bound()),
                    ratio.holds(spread.median()) ? "" : "  missed"));
      }
    }
    return text.toString();
  }

  /** For programs. */
  Map<String, Object> facts() {
    final List<Map<String, Object>> runs = new ArrayList<>();
    figures.forEach(
        (workload, disks) ->
            disks.forEach(
                (disk, rounds) ->
                    runs.add(
                        new LinkedHashMap<>(
                            Map.of("workload", workload.name(), "disk", disk, "rounds", rounds)))));
    final List<Map<String, Object>> ratios = new ArrayList<>();
    for (final Ratio ratio : Ratio.ALL) {
      final Spread spread = ratio.in(this);
      if (spread != null) {
        final Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("workload", ratio.workload().name());
        facts.put("of", ratio.what());
        facts.put("to", ratio.against());
        facts.put("figure", ratio.figure().word());
        facts.put("median", spread.median());
        facts.put("least", spread.least());
        facts.put("most", spread.most());
        facts.put(ratio.isAtMost() ? "atMost" : "atLeast", ratio.bound());
        facts.put("holds", ratio.holds(spread.median()));
        ratios.add(facts);
      }
    }
    final Map<String, Object> all = new LinkedHashMap<>();
    all.put("runs", runs);
    all.put("ratios", ratios);
    return all;
  }
}
