package io.blockcam.filesearch;

import io.blockcam.filesearch.Presence.Span;
import io.blockcam.filesearch.Sighting.Verdict;
import io.blockcam.history.RecordedClock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What a search of a recording has found, as programs take it.
 *
 * @param recording its name
 * @param sightings one for each file
 * @param last sequence of the last record that was looked at
 * @param minCoverage from which coverage on, 0 to 1, a file that was there in part counts
 * @param notSearched segments that could not be read, a line for each
 * @param unread files that could not be read, a line for each
 */
public record SearchReport(
    String recording,
    List<Sighting> sightings,
    long last,
    double minCoverage,
    List<String> notSearched,
    List<String> unread) {

  /** Copies the lists. */
  public SearchReport {
    sightings = List.copyOf(sightings);
    notSearched = List.copyOf(notSearched);
    unread = List.copyOf(unread);
  }

  /**
   * Of what a search has found.
   *
   * @param clock what the recorder's clock showed: its times are those that people know
   */
  public static SearchReport of(
      final String recording,
      final FileSearch.Result found,
      final RecordedClock clock,
      final long last,
      final double minCoverage,
      final List<String> unread) {
    return new SearchReport(
        recording,
        found.sightings().stream().map(sighting -> sighting.shownBy(clock::shown)).toList(),
        last,
        minCoverage,
        found.notSearched(),
        unread);
  }

  /** A constant as people write it: "still there". */
  private static String words(final Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT).replace('_', ' ');
  }

  /** Whether any file was there, in whole or in part. */
  public boolean isFound() {
    return sightings.stream().anyMatch(this::isFound);
  }

  /** Whether a file was. */
  public boolean isFound(final Sighting sighting) {
    return switch (sighting.verdict()) {
      case PRESENT -> true;
      case PARTLY -> sighting.coverage() >= minCoverage;
      case ABSENT, UNPROVABLE -> false;
    };
  }

  /** In one word. */
  public static String verdict(final Sighting sighting) {
    return words(sighting.verdict());
  }

  /** Spans of which people want to know. */
  public List<Span> spans(final Sighting sighting) {
    if (!isFound(sighting)) {
      return List.of();
    }
    return sighting.whole().isEmpty() ? sighting.parts() : sighting.whole();
  }

  /** What vouches for it. */
  public static String proof(final Sighting sighting) {
    return sighting.isProven() ? "bytes" : "hashes";
  }

  /** For --at: the last moment of a span. */
  public String at(final Span span) {
    return "seq:" + (span.end().isPresent() ? span.end().get().sequence() - 1 : last);
  }

  /** All of it, as maps and lists. */
  public Map<String, Object> json() {
    final Map<String, Object> facts = new LinkedHashMap<>();
    facts.put("recording", recording);
    facts.put("lastSequence", last);
    facts.put("notSearched", notSearched);
    facts.put("unread", unread);
    facts.put("targets", sightings.stream().map(this::facts).toList());
    return facts;
  }

  private Map<String, Object> facts(final Sighting sighting) {
    final Map<String, Object> facts = new LinkedHashMap<>();
    facts.put("paths", sighting.target().paths());
    facts.put("bytes", sighting.target().bytes());
    facts.put("sha256", sighting.target().digest().toString());
    facts.put("verdict", verdict(sighting));
    facts.put("probativeSectors", sighting.probative());
    facts.put("coverage", sighting.coverage());
    if (isFound(sighting)) {
      facts.put("proof", proof(sighting));
      facts.put("lastSector", sighting.isPrefix() ? "a prefix" : "filled with zeroes");
      facts.put("whole", spans(sighting.whole()));
      facts.put("parts", spans(sighting.parts()));
      facts.put("copies", copies(sighting));
      if (sighting.verdict() == Verdict.PRESENT) {
        facts.put("first", evidence(sighting.first()));
        facts.put("last", evidence(sighting.last()));
      } else {
        facts.put("best", evidence(sighting.best()));
      }
    }
    return facts;
  }

  private List<Map<String, Object>> spans(final List<Span> spans) {
    final List<Map<String, Object>> all = new ArrayList<>();
    for (final Span span : spans) {
      final Map<String, Object> facts = new LinkedHashMap<>();
      facts.put("from", span.first().instant().toString());
      facts.put("until", span.end().map(end -> end.instant().toString()).orElse(null));
      facts.put("end", words(span.how()));
      facts.put("firstAt", "seq:" + span.first().sequence());
      facts.put("lastAt", at(span));
      facts.put("probativeSectors", span.best());
      all.add(facts);
    }
    return all;
  }

  private List<Map<String, Object>> copies(final Sighting sighting) {
    final List<Map<String, Object>> all = new ArrayList<>();
    for (final Sighting.Copy copy : sighting.copies()) {
      final Map<String, Object> facts = new LinkedHashMap<>();
      facts.put("diskSector", copy.diskSector());
      facts.put("spans", spans(copy.spans()));
      all.add(facts);
    }
    return all;
  }

  private static Map<String, Object> evidence(final Evidence evidence) {
    final Map<String, Object> facts = new LinkedHashMap<>();
    facts.put("comparedBytes", evidence.comparedBytes());
    evidence.problem().ifPresent(problem -> facts.put("problem", problem));
    final List<Map<String, Object>> extents = new ArrayList<>();
    for (final Evidence.Item item : evidence.extents()) {
      final Map<String, Object> extent = new LinkedHashMap<>();
      extent.put("sector", item.extent().sector());
      extent.put("sectors", item.extent().sectors());
      extent.put("diskSector", item.extent().diskSector());
      item.source()
          .ifPresent(
              source -> {
                extent.put("epoch", source.epoch());
                extent.put("sequence", source.sequence());
                extent.put("segment", source.segment());
                if (source.payload() >= 0) {
                  extent.put("payload", source.payload());
                }
              });
      extents.add(extent);
    }
    facts.put("extents", extents);
    return facts;
  }
}
