package io.blockcam.capture.spool;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.blockcam.archive.hash.Sha256Digest;
import io.blockcam.ublk.target.FileIdentity;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * What a disk looked like when the recorder last looked: {@code disk.json} in the spool.
 *
 * @param taken when
 * @param clean whether the recorder had stopped, so that nothing may have changed since
 * @param bootId of the machine's boot: {@link FileIdentity#device} means nothing after another one
 * @param file which file it was
 * @param samples what some of its blocks held; while the recorder runs, or after it was killed,
 *     newer writes may stand there
 */
public record DiskFingerprint(
    Instant taken, boolean clean, UUID bootId, FileIdentity file, List<Sample> samples) {

  static final String FILE_NAME = "disk.json";

  /** More than anybody writes; what is longer is not read. */
  static final int MAX_SAMPLES = 4096;

  private static final int FORMAT_VERSION = 1;
  private static final JsonMapper MAPPER = JsonMapper.builder().build();

  /**
   * One block.
   *
   * @param block which one, in 4096 bytes
   * @param digest of its bytes; the last block of a disk may have fewer
   */
  public record Sample(long block, Sha256Digest digest) {}

  /** Keeps its own copy. */
  public DiskFingerprint {
    samples = List.copyOf(samples);
  }

  /** As it stands in the file. */
  public byte[] toJson() {
    final ObjectNode node = MAPPER.createObjectNode();
    node.put("formatVersion", FORMAT_VERSION);
    node.put("taken", taken.toString());
    node.put("clean", clean);
    node.put("bootId", bootId.toString());
    node.put("blockDevice", file.blockDevice());
    node.put("device", file.device());
    node.put("inode", file.inode());
    node.put("changedNs", file.changedNs());
    final ArrayNode blocks = node.putArray("samples");
    for (final Sample sample : samples) {
      blocks.addObject().put("block", sample.block()).put("sha256", sample.digest().toString());
    }
    return (node.toPrettyString() + "\n").getBytes(StandardCharsets.UTF_8);
  }

  /**
   * Reads it back.
   *
   * @param path named in messages
   * @throws SpoolException when it is no such file
   */
  public static DiskFingerprint ofJson(final byte[] bytes, final Path path) throws SpoolException {
    try {
      final JsonNode node = MAPPER.readTree(bytes);
      if (integer(node, "formatVersion") != FORMAT_VERSION) {
        throw new SpoolException(
            path,
            "format version %d is unknown, this program knows %d; use the version that wrote it"
                .formatted(integer(node, "formatVersion"), FORMAT_VERSION));
      }
      final List<Sample> samples = new ArrayList<>();
      for (final JsonNode sample : node.path("samples")) {
        if (samples.size() == MAX_SAMPLES || integer(sample, "block") < 0) {
          throw new IllegalArgumentException("field samples has too many or an impossible one");
        }
        samples.add(
            new Sample(
                integer(sample, "block"), Sha256Digest.ofHex(sample.path("sha256").asText())));
      }
      return new DiskFingerprint(
          Instant.parse(node.path("taken").asText()),
          node.path("clean").asBoolean(),
          UUID.fromString(node.path("bootId").asText()),
          new FileIdentity(
              node.path("blockDevice").asBoolean(),
              integer(node, "device"),
              integer(node, "inode"),
              integer(node, "changedNs")),
          samples);
    } catch (final JsonProcessingException e) {
      throw new SpoolException(path, "is no JSON (" + e.getOriginalMessage() + ")", e);
    } catch (final SpoolException e) {
      throw e;
    } catch (final IOException | RuntimeException e) {
      throw new SpoolException(path, "can not be read (" + e.getMessage() + ")", e);
    }
  }

  private static long integer(final JsonNode node, final String field) {
    final JsonNode value = node.path(field);
    if (!value.isIntegralNumber() || !value.canConvertToLong()) {
      throw new IllegalArgumentException("field " + field + " is missing or no integer");
    }
    return value.longValue();
  }
}
