package io.blockcam.capture.spool;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.blockcam.archive.hash.Sha256Digest;
import java.nio.file.Path;
import java.util.UUID;

/**
 * How far a recording is shipped: {@code shipped.json}. A file of its own, so that whoever ships is
 * never in the way of whoever seals.
 *
 * @param recordingId which recording
 * @param segments number of the segment after the last one shipped: older ones are not here
 * @param digest of that last one, which the next one names; of recording.json before the first
 */
public record Shipped(UUID recordingId, long segments, Sha256Digest digest) {
  static final String FILE_NAME = "shipped.json";

  private static final int FORMAT_VERSION = 1;

  /** The next segment is shipped. */
  Shipped and(final Sha256Digest next) {
    return new Shipped(recordingId, segments + 1, next);
  }

  byte[] toJson() {
    final ObjectNode node = SpoolJson.begin(FORMAT_VERSION);
    node.put("recordingId", recordingId.toString());
    node.put("segments", segments);
    node.put("digest", digest.toString());
    return SpoolJson.write(node);
  }

  static Shipped ofJson(final byte[] bytes, final Path file) throws SpoolException {
    return SpoolJson.read(
        bytes,
        file,
        FORMAT_VERSION,
        node ->
            new Shipped(
                UUID.fromString(SpoolJson.text(node, "recordingId")),
                SpoolJson.integer(node, "segments"),
                Sha256Digest.ofHex(SpoolJson.text(node, "digest"))));
  }
}
