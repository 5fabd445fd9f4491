package io.blockcam.archive.head;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.blockcam.archive.Moment;
import io.blockcam.archive.RecordingFormatException;
import io.blockcam.archive.StrictJson;
import io.blockcam.archive.hash.Sha256Digest;
import io.blockcam.archive.record.RecordKind;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A {@link RecordingHead} as the bytes of its object. The same head always gives the same bytes.
 */
public final class HeadJson {
  private static final String FORMAT_VERSION = "formatVersion";
  private static final long VERSION = 1;
  private static final Set<String> FIELDS =
      Set.of(
          FORMAT_VERSION,
          "recording",
          "segment",
          "digest",
          "segments",
          "bytes",
          "first",
          "last",
          "records",
          "failed",
          "recovered",
          "earlierEpochs",
          "epochs");
  private static final Set<String> MOMENT_FIELDS = Set.of("epoch", "sequence", "timestampNs");
  private static final Set<String> EPOCH_FIELDS =
      Set.of(
          "epoch",
          "segments",
          "records",
          "firstSequence",
          "lastSequence",
          "firstTimestampNs",
          "lastTimestampNs",
          "firstLeadNs",
          "lastLeadNs",
          "clean");

  private HeadJson() {}

  /** The bytes of the object, UTF-8, at most {@link StrictJson#MAX_BYTES}. */
  public static byte[] write(final RecordingHead head) {
    final RecordingSummary summary = head.summary();
    final ObjectNode node = StrictJson.object();
    node.put(FORMAT_VERSION, VERSION);
    node.put("recording", head.recordingId().toString());
    node.put("segment", head.segmentNumber());
    node.put("digest", head.digest().toString());
    node.put("segments", summary.segments());
    node.put("bytes", summary.bytes());
    put(node.putObject("first"), summary.first().orElseThrow());
    put(node.putObject("last"), summary.last().orElseThrow());
    final ObjectNode records = node.putObject("records");
    summary.records().forEach((kind, count) -> records.put(name(kind), count.longValue()));
    node.put("failed", summary.failed());
    node.put("recovered", summary.recovered());
    node.put("earlierEpochs", summary.earlierEpochs());
    final ArrayNode epochs = node.putArray("epochs");
    for (final EpochSummary epoch : summary.epochs()) {
      final ObjectNode object = epochs.addObject();
      object.put("epoch", epoch.number());
      object.put("segments", epoch.segments());
      object.put("records", epoch.records());
      object.put("firstSequence", epoch.firstSequence());
      object.put("lastSequence", epoch.lastSequence());
      object.put("firstTimestampNs", epoch.firstTimestampNs());
      object.put("lastTimestampNs", epoch.lastTimestampNs());
      object.put("firstLeadNs", epoch.firstLeadNs());
      object.put("lastLeadNs", epoch.lastLeadNs());
      object.put("clean", epoch.clean() ? 1 : 0);
    }
    return StrictJson.write(node);
  }

  private static void put(final ObjectNode node, final Moment moment) {
    node.put("epoch", moment.epoch());
    node.put("sequence", moment.sequence());
    node.put("timestampNs", moment.timestampNs());
  }

  private static String name(final RecordKind kind) {
    return kind.name().toLowerCase(Locale.ROOT);
  }

  /**
   * Reads a head back.
   *
   * @param bytes all of it
   * @param file what to call it in errors
   * @throws RecordingFormatException when it is not what {@link #write} makes
   */
  public static RecordingHead read(final byte[] bytes, final String file)
      throws RecordingFormatException {
    final StrictJson json = StrictJson.read(bytes, file);
    json.expectVersion(FORMAT_VERSION, VERSION);
    json.allow(FIELDS);
    return new RecordingHead(
        json.uuid("recording"),
        json.count("segment"),
        digest(json),
        new RecordingSummary(
            json.count("segments"),
            json.count("bytes"),
            Optional.of(moment(json.object("first"))),
            Optional.of(moment(json.object("last"))),
            records(json.object("records")),
            json.count("failed"),
            json.count("recovered"),
            json.count("earlierEpochs"),
            epochs(json)));
  }

  private static Sha256Digest digest(final StrictJson json) throws RecordingFormatException {
    try {
      return Sha256Digest.ofHex(json.text("digest"));
    } catch (final IllegalArgumentException e) {
      throw json.wrong("digest '%s' is no SHA-256".formatted(json.text("digest")));
    }
  }

  private static Moment moment(final StrictJson json) throws RecordingFormatException {
    json.allow(MOMENT_FIELDS);
    return new Moment(json.count("epoch"), json.count("sequence"), json.count("timestampNs"));
  }

  private static Map<RecordKind, Long> records(final StrictJson json)
      throws RecordingFormatException {
    final Map<RecordKind, Long> records = new EnumMap<>(RecordKind.class);
    final Set<String> names = new HashSet<>();
    for (final RecordKind kind : RecordKind.values()) {
      names.add(name(kind));
      if (json.node().has(name(kind))) {
        records.put(kind, json.count(name(kind)));
      }
    }
    json.allow(names);
    return records;
  }

  private static long lead(final StrictJson epoch) throws RecordingFormatException {
    return epoch.integer("lastLeadNs") == EpochSummary.UNTOLD
        ? EpochSummary.UNTOLD
        : epoch.count("lastLeadNs");
  }

  private static List<EpochSummary> epochs(final StrictJson json) throws RecordingFormatException {
    final JsonNode array = json.node().path("epochs");
    if (!array.isArray() || array.isEmpty() || array.size() > RecordingSummary.MOST_EPOCHS) {
      throw json.wrong(
          "epochs is no array of 1 to %d objects".formatted(RecordingSummary.MOST_EPOCHS));
    }
    final List<EpochSummary> epochs = new ArrayList<>();
    for (final JsonNode element : array) {
      if (!element.isObject()) {
        throw json.wrong("one of the epochs is no object");
      }
      final StrictJson epoch = new StrictJson(element, json.file());
      epoch.allow(EPOCH_FIELDS);
      epochs.add(
          new EpochSummary(
              epoch.count("epoch"),
              epoch.count("segments"),
              epoch.count("records"),
              epoch.count("firstSequence"),
              epoch.count("lastSequence"),
              epoch.count("firstTimestampNs"),
              epoch.count("lastTimestampNs"),
              epoch.count("firstLeadNs"),
              lead(epoch),
              epoch.count("clean") != 0));
    }
    return epochs;
  }
}
