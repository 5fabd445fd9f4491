package io.blockcam.spark;

import java.io.Serializable;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/**
 * Which archive is read, and how.
 *
 * @param archive URI of it, of any file system that Hadoop knows
 * @param recordings names of those that are wanted; empty for all
 * @param skipsDamaged whether segments that are missing or damaged are passed over, and counted
 */
record ArchiveOptions(String archive, List<String> recordings, boolean skipsDamaged)
    implements Serializable {
  private static final long serialVersionUID = 1L;

  /**
   * Of the options of a query, whose names have no case.
   *
   * @throws IllegalArgumentException when one is missing, or has a value that means nothing
   */
  static ArchiveOptions of(final Map<String, String> given) {
    final Map<String, String> options = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
    options.putAll(given);
    final String archive = options.get("path");
    if (archive == null || archive.isBlank()) {
      throw new IllegalArgumentException(
          "no archive is named: use load(\"hdfs://namenode/archive\") or option(\"path\", ...)");
    }
    final String damaged =
        Objects.requireNonNullElse(options.get("damaged"), "fail").toLowerCase(Locale.ROOT);
    if (!damaged.equals("fail") && !damaged.equals("skip")) {
      throw new IllegalArgumentException("damaged=" + damaged + ": use fail or skip");
    }
    return new ArchiveOptions(
        archive,
        Arrays.stream(Objects.requireNonNullElse(options.get("recording"), "").split(","))
            .map(String::strip)
            .filter(name -> !name.isEmpty())
            .toList(),
        damaged.equals("skip"));
  }
}
