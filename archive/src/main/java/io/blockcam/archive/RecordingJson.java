package io.blockcam.archive;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.blockcam.archive.record.RecordDescriptor;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Set;

/**
 * A {@link Recording} as the bytes of {@code recording.json}. Strict: exactly the known fields,
 * each once, nothing behind them. The same recording always gives the same bytes.
 */
public final class RecordingJson {
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

  private RecordingJson() {}

  /** The bytes of the file, UTF-8. */
  public static byte[] write(final Recording recording) {
    final ObjectNode node = StrictJson.object();
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
    return StrictJson.write(node);
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
    final StrictJson json = StrictJson.read(bytes, file);
    json.expectVersion(FORMAT_VERSION, Recording.FORMAT_VERSION);
    json.allow(FIELDS);
    json.expect("blockBytes", RecordDescriptor.BLOCK_BYTES);
    json.expect("sectorBytes", RecordDescriptor.SECTOR_BYTES);
    try {
      return new Recording(
          json.uuid("id"),
          json.text("name"),
          json.integer("diskBytes"),
          created(json),
          json.text("host"),
          json.text("note"),
          baseline(json));
    } catch (final IllegalArgumentException e) {
      throw json.wrong(String.valueOf(e.getMessage()));
    }
  }

  private static Instant created(final StrictJson json) throws RecordingFormatException {
    final String text = json.text("created");
    try {
      return Instant.parse(text);
    } catch (final DateTimeException e) {
      throw json.wrong(
          "created '%s' is no instant like 2026-11-22T10:00:00.123456789Z".formatted(text));
    }
  }

  private static Baseline baseline(final StrictJson json) throws RecordingFormatException {
    final String text = json.text("baseline");
    for (final Baseline baseline : Baseline.values()) {
      if (baseline.text().equals(text)) {
        return baseline;
      }
    }
    throw json.wrong("baseline '%s' is neither 'empty' nor 'none'".formatted(text));
  }
}
