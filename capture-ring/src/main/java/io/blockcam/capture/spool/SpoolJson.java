package io.blockcam.capture.spool;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.util.function.Function;

/** What the JSON files of a spool have in common. */
final class SpoolJson {
  private static final String VERSION = "formatVersion";
  private static final JsonMapper MAPPER = JsonMapper.builder().build();

  private SpoolJson() {}

  /** The fields of a file, so far its version alone. */
  static ObjectNode begin(final int version) {
    return MAPPER.createObjectNode().put(VERSION, version);
  }

  static byte[] write(final ObjectNode fields) {
    return (fields.toPrettyString() + "\n").getBytes(StandardCharsets.UTF_8);
  }

  /**
   * Reads one back.
   *
   * @param file named in messages
   * @param version the only one that is known
   * @param fields makes of them what they stand for
   * @throws SpoolException when it is no such file
   */
  static <T> T read(
      final byte[] bytes, final Path file, final int version, final Function<JsonNode, T> fields)
      throws SpoolException {
    try {
      final JsonNode node = MAPPER.readTree(bytes);
      final long found = integer(node, VERSION);
      if (found != version) {
        throw new SpoolException(
            file,
            "format version %d is unknown, this program knows %d; use the version that wrote it"
                .formatted(found, version));
      }
      return fields.apply(node);
    } catch (final JsonProcessingException e) {
      throw new SpoolException(file, "is no JSON (" + e.getOriginalMessage() + ")", e);
    } catch (final SpoolException e) {
      throw e;
    } catch (final IOException | IllegalArgumentException | DateTimeException e) {
      throw new SpoolException(file, "cannot be read (" + e.getMessage() + ")", e);
    }
  }

  static long integer(final JsonNode node, final String field) {
    final JsonNode value = node.path(field);
    if (!value.isIntegralNumber() || !value.canConvertToLong()) {
      throw new IllegalArgumentException("field " + field + " is missing or no integer");
    }
    return value.longValue();
  }

  static String text(final JsonNode node, final String field) {
    final JsonNode value = node.path(field);
    if (!value.isTextual()) {
      throw new IllegalArgumentException("field " + field + " is missing or no text");
    }
    return value.textValue();
  }
}
