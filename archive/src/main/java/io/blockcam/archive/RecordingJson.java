package io.blockcam.archive;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.core.util.Separators;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.blockcam.archive.record.RecordDescriptor;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;

/**
 * A {@link Recording} as the bytes of {@code recording.json}. Strict: exactly the known fields,
 * each once, nothing behind them. The same recording always gives the same bytes.
 */
public final class RecordingJson {
  /** A longer file is refused before it is parsed. */
  public static final int MAX_BYTES = 64 << 10;

  private static final String FORMAT_VERSION = "formatVersion";
  private static final Set<String> FIELDS =
      Set.of(
          FORMAT_VERSION,
          "id",
          "name",
          "diskBytes",
          "blockBytes",
          "sectorBytes",
          "created",
          "host",
          "note",
          "baseline");

  private static final JsonMapper MAPPER =
      JsonMapper.builder(
              JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxNestingDepth(2)
                          .maxStringLength(MAX_BYTES)
                          .maxNumberLength(20)
                          .build())
                  .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                  .disable(StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION)
                  .build())
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private static final ObjectWriter WRITER =
      MAPPER.writer(
          new DefaultPrettyPrinter(
                  Separators.createDefaultInstance()
                      .withObjectFieldValueSpacing(Separators.Spacing.AFTER))
              .withObjectIndenter(new DefaultIndenter("  ", "\n")));

  private RecordingJson() {}

  /** The bytes of the file, UTF-8. */
  public static byte[] write(final Recording recording) {
    final ObjectNode node = MAPPER.createObjectNode();
    node.put(FORMAT_VERSION, Recording.FORMAT_VERSION);
    node.put("id", recording.id().toString());
    node.put("name", recording.name());
    node.put("diskBytes", recording.diskBytes());
    node.put("blockBytes", RecordDescriptor.BLOCK_BYTES);
    node.put("sectorBytes", RecordDescriptor.SECTOR_BYTES);
    node.put("created", recording.created().toString());
    node.put("host", recording.host());
    node.put("note", recording.note());
    node.put("baseline", recording.baseline().text());
    try {
      return (WRITER.writeValueAsString(node) + "\n").getBytes(StandardCharsets.UTF_8);
    } catch (final JsonProcessingException e) {
      throw new IllegalStateException("a recording is always a JSON object", e);
    }
  }

  /**
   * Reads the file back.
   *
   * @param bytes all of it
   * @param file what to call it in errors
   * @throws RecordingFormatException when it is not exactly what {@link #write} makes
   */
  public static Recording read(final byte[] bytes, final String file)
      throws RecordingFormatException {
    if (bytes.length > MAX_BYTES) {
      throw new RecordingFormatException(
          file, "has %d bytes, more than %d".formatted(bytes.length, MAX_BYTES));
    }
    final JsonNode node;
    try {
      node = MAPPER.readTree(bytes);
    } catch (final JsonProcessingException e) {
      throw new RecordingFormatException(file, "is no JSON: " + e.getOriginalMessage());
    } catch (final IOException e) {
      throw new RecordingFormatException(file, "is no JSON: " + e.getMessage());
    }
    if (!node.isObject()) {
      throw new RecordingFormatException(file, "is no JSON object");
    }
    return new Fields(node, file).toRecording();
  }

  private record Fields(JsonNode node, String file) {

    Recording toRecording() throws RecordingFormatException {
      final long version = integer(FORMAT_VERSION);
      if (version != Recording.FORMAT_VERSION) {
        throw wrong(
            "format version %d is unknown, this program reads version %d"
                .formatted(version, Recording.FORMAT_VERSION));
      }
      final Set<String> unknown = new TreeSet<>();
      node.fieldNames().forEachRemaining(unknown::add);
      unknown.removeAll(FIELDS);
      if (!unknown.isEmpty()) {
        throw wrong("fields %s are unknown".formatted(unknown));
      }
      expect("blockBytes", RecordDescriptor.BLOCK_BYTES);
      expect("sectorBytes", RecordDescriptor.SECTOR_BYTES);
      try {
        return new Recording(
            id(),
            text("name"),
            integer("diskBytes"),
            created(),
            text("host"),
            text("note"),
            baseline());
      } catch (final IllegalArgumentException e) {
        throw wrong(String.valueOf(e.getMessage()));
      }
    }

    private UUID id() throws RecordingFormatException {
      final String text = text("id");
      try {
        final UUID id = UUID.fromString(text);
        // UUID.fromString also takes shortened forms.
        if (id.toString().equals(text)) {
          return id;
        }
      } catch (final IllegalArgumentException e) {
        // Told below.
      }
      throw wrong("id '%s' is no UUID in lower case".formatted(text));
    }

    private Instant created() throws RecordingFormatException {
      final String text = text("created");
      try {
        return Instant.parse(text);
      } catch (final DateTimeException e) {
        throw wrong(
            "created '%s' is no instant like 2026-11-22T10:00:00.123456789Z".formatted(text));
      }
    }

    private Baseline baseline() throws RecordingFormatException {
      final String text = text("baseline");
      for (final Baseline baseline : Baseline.values()) {
        if (baseline.text().equals(text)) {
          return baseline;
        }
      }
      throw wrong("baseline '%s' is neither 'empty' nor 'none'".formatted(text));
    }

    private void expect(final String field, final long value) throws RecordingFormatException {
      if (integer(field) != value) {
        throw wrong("%s is %d, this program reads %d".formatted(field, integer(field), value));
      }
    }

    private String text(final String field) throws RecordingFormatException {
      final JsonNode value = node.get(field);
      if (value == null || !value.isTextual()) {
        throw wrong("field %s is %s".formatted(field, value == null ? "missing" : "no text"));
      }
      return value.textValue();
    }

    private long integer(final String field) throws RecordingFormatException {
      final JsonNode value = node.get(field);
      if (value == null || !value.isIntegralNumber() || !value.canConvertToLong()) {
        throw wrong(
            "field %s is %s".formatted(field, value == null ? "missing" : "no 64-bit integer"));
      }
      return value.longValue();
    }

    private RecordingFormatException wrong(final String problem) {
      return new RecordingFormatException(file, problem);
    }
  }
}
