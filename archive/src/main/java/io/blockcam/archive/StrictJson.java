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
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;

/**
 * A JSON object of an archive, and how it is printed and parsed: strict, exactly the known fields,
 * each once, nothing behind them; the same object always gives the same bytes.
 *
 * @param node the object
 * @param file what to call it in errors
 */
public record StrictJson(JsonNode node, String file) {
  /** A longer file is refused before it is parsed. */
  public static final int MAX_BYTES = 64 << 10;

  private static final int MAX_DEPTH = 4;

  private static final JsonMapper MAPPER =
      JsonMapper.builder(
              JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxNestingDepth(MAX_DEPTH)
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

  /** An object without fields, to be filled and {@linkplain #write written}. */
  public static ObjectNode object() {
    return MAPPER.createObjectNode();
  }

  /** The bytes of a file, UTF-8. */
  public static byte[] write(final ObjectNode node) {
    try {
      return (WRITER.writeValueAsString(node) + "\n").getBytes(StandardCharsets.UTF_8);
    } catch (final JsonProcessingException e) {
      throw new IllegalStateException("a JSON object can be printed", e);
    }
  }

  /**
   * Reads a file back.
   *
   * @param bytes all of it
   * @param file what to call it in errors
   * @throws RecordingFormatException when it is no JSON object
   */
  public static StrictJson read(final byte[] bytes, final String file)
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
    return of(node, file);
  }

  private static StrictJson of(final JsonNode node, final String file)
      throws RecordingFormatException {
    if (!node.isObject()) {
      throw new RecordingFormatException(file, "is no JSON object");
    }
    return new StrictJson(node, file);
  }

  /** Refuses fields that are not among these. */
  public void allow(final Set<String> fields) throws RecordingFormatException {
    final Set<String> unknown = new TreeSet<>();
    node.fieldNames().forEachRemaining(unknown::add);
    unknown.removeAll(fields);
    if (!unknown.isEmpty()) {
      throw wrong("fields %s are unknown".formatted(unknown));
    }
  }

  /** Refuses another version of the format. */
  public void expectVersion(final String field, final long version)
      throws RecordingFormatException {
    if (integer(field) != version) {
      throw wrong(FormatVersion.unknown(integer(field), version));
    }
  }

  /** Refuses another value. */
  public void expect(final String field, final long value) throws RecordingFormatException {
    if (integer(field) != value) {
      throw wrong("%s is %d, this program reads %d".formatted(field, integer(field), value));
    }
  }

  /** The text of a field. */
  public String text(final String field) throws RecordingFormatException {
    final JsonNode value = node.get(field);
    if (value == null || !value.isTextual()) {
      throw wrong("field %s is %s".formatted(field, value == null ? "missing" : "no text"));
    }
    return value.textValue();
  }

  /** The integer of a field. */
  public long integer(final String field) throws RecordingFormatException {
    final JsonNode value = node.get(field);
    if (value == null || !value.isIntegralNumber() || !value.canConvertToLong()) {
      throw wrong(
          "field %s is %s".formatted(field, value == null ? "missing" : "no 64-bit integer"));
    }
    return value.longValue();
  }

  /** The integer of a field that counts something. */
  public long count(final String field) throws RecordingFormatException {
    final long value = integer(field);
    if (value < 0) {
      throw wrong("%s is %d, less than nothing".formatted(field, value));
    }
    return value;
  }

  /** The UUID of a field, in lower case. */
  public UUID uuid(final String field) throws RecordingFormatException {
    final String text = text(field);
    try {
      final UUID id = UUID.fromString(text);
      // UUID.fromString also takes shortened forms.
      if (id.toString().equals(text)) {
        return id;
      }
    } catch (final IllegalArgumentException e) {
      // Told below.
    }
    throw wrong("%s '%s' is no UUID in lower case".formatted(field, text));
  }

  /** The object of a field. */
  public StrictJson object(final String field) throws RecordingFormatException {
    final JsonNode value = node.get(field);
    if (value == null) {
      throw wrong("field %s is missing".formatted(field));
    }
    return of(value, file);
  }

  /** What is wrong with it. */
  public RecordingFormatException wrong(final String problem) {
    return new RecordingFormatException(file, problem);
  }
}
