package io.blockcam.capture.spool;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.blockcam.archive.hash.Sha256Digest;
import io.blockcam.ublk.target.FileIdentity;
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
    final ObjectNode node = SpoolJson.begin(FORMAT_VERSION);
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
    return SpoolJson.write(node);
  }

  /**
   * Reads it back.
   *
   * @param path named in messages
   * @throws SpoolException when it is no such file
   */
  public static DiskFingerprint ofJson(final byte[] bytes, final Path path) throws SpoolException {
    return SpoolJson.read(bytes, path, FORMAT_VERSION, DiskFingerprint::of);
  }

  private static DiskFingerprint of(final JsonNode node) {
    final List<Sample> samples = new ArrayList<>();
    for (final JsonNode sample : node.path("samples")) {
      if (samples.size() == MAX_SAMPLES || SpoolJson.integer(sample, "block") < 0) {
        throw new IllegalArgumentException("field samples has too many or an impossible one");
      }
      samples.add(
          new Sample(
              SpoolJson.integer(sample, "block"),
              Sha256Digest.ofHex(sample.path("sha256").asText())));
    }
    return new DiskFingerprint(
        Instant.parse(SpoolJson.text(node, "taken")),
        node.path("clean").asBoolean(),
        UUID.fromString(SpoolJson.text(node, "bootId")),
        new FileIdentity(
            node.path("blockDevice").asBoolean(),
            SpoolJson.integer(node, "device"),
            SpoolJson.integer(node, "inode"),
            SpoolJson.integer(node, "changedNs")),
        samples);
  }
}
