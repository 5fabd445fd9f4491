package io.blockcam.capture.spool;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.blockcam.archive.Recording;
import io.blockcam.archive.hash.Sha256Digest;
import io.blockcam.archive.log.SealedLog;
import io.blockcam.archive.segment.SegmentChain;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Where a recording stands, whether or not its segments are still here: {@code spool.json}.
 *
 * @param recordingId which recording
 * @param diskBytes size of the disk in the newest epoch; before the first, when the recording began
 * @param epoch the newest epoch, {@link #NO_EPOCH} before the first
 * @param nextSegment number of the segment after the last one sealed
 * @param nextSequence sequence after the last one sealed
 * @param lastTimestampNs timestamp of the last record sealed, 0 when there is none
 * @param shippedSegments number of the segment after the last one shipped: older ones are not here
 * @param shippedDigest digest of that last one; of recording.json before the first. The others have
 *     none yet
 * @param wholeInBoot the boot in which everything that was ever offered to a ring has come into the
 *     spool, and no ring is in use; null while one is
 */
public record SpoolState(
    UUID recordingId,
    long diskBytes,
    long epoch,
    long nextSegment,
    long nextSequence,
    long lastTimestampNs,
    long shippedSegments,
    Sha256Digest shippedDigest,
    @Nullable UUID wholeInBoot) {

  /** No epoch has begun. */
  public static final long NO_EPOCH = -1;

  static final String FILE_NAME = "spool.json";

  private static final int FORMAT_VERSION = 2;
  private static final JsonMapper MAPPER = JsonMapper.builder().build();

  /**
   * Of a recording that has not begun.
   *
   * @param recordingJson digest of its recording.json, which its first segment names
   */
  static SpoolState initial(final Recording recording, final Sha256Digest recordingJson) {
    return new SpoolState(
        recording.id(), recording.diskBytes(), NO_EPOCH, 0, 0, 0, 0, recordingJson, null);
  }

  SpoolState withNextEpoch(final long newDiskBytes) {
    return new SpoolState(
        recordingId,
        newDiskBytes,
        epoch + 1,
        nextSegment,
        nextSequence,
        lastTimestampNs,
        shippedSegments,
        shippedDigest,
        wholeInBoot);
  }

  SpoolState wholeIn(final @Nullable UUID boot) {
    return new SpoolState(
        recordingId,
        diskBytes,
        epoch,
        nextSegment,
        nextSequence,
        lastTimestampNs,
        shippedSegments,
        shippedDigest,
        boot);
  }

  SpoolState after(final SealedLog segment) {
    return new SpoolState(
        recordingId,
        Math.max(diskBytes, segment.header().diskBytes()),
        Math.max(epoch, segment.header().epoch()),
        segment.header().segmentNumber() + 1,
        segment.lastSequence() + 1,
        segment.lastTimestampNs(),
        shippedSegments,
        shippedDigest,
        wholeInBoot);
  }

  /** The next segment is shipped. */
  SpoolState shipped(final Sha256Digest digest) {
    return new SpoolState(
        recordingId,
        diskBytes,
        epoch,
        nextSegment,
        nextSequence,
        lastTimestampNs,
        shippedSegments + 1,
        digest,
        wholeInBoot);
  }

  /** What the next segment must be, its digests aside. */
  SegmentChain chain() {
    return new SegmentChain(
        recordingId,
        diskBytes,
        nextSegment,
        nextSequence,
        epoch,
        lastTimestampNs,
        Sha256Digest.NONE,
        Sha256Digest.NONE);
  }

  byte[] toJson() {
    final ObjectNode node = MAPPER.createObjectNode();
    node.put("formatVersion", FORMAT_VERSION);
    node.put("recordingId", recordingId.toString());
    node.put("diskBytes", diskBytes);
    node.put("epoch", epoch);
    node.put("nextSegment", nextSegment);
    node.put("nextSequence", nextSequence);
    node.put("lastTimestampNs", lastTimestampNs);
    node.put("shippedSegments", shippedSegments);
    node.put("shippedDigest", shippedDigest.toString());
    if (wholeInBoot != null) {
      node.put("wholeInBoot", wholeInBoot.toString());
    }
    return (node.toPrettyString() + "\n").getBytes(StandardCharsets.UTF_8);
  }

  static SpoolState ofJson(final byte[] bytes, final Path file) throws SpoolException {
    try {
      final JsonNode node = MAPPER.readTree(bytes);
      final long version = integer(node, "formatVersion");
      if (version != FORMAT_VERSION) {
        throw new SpoolException(
            file,
            "format version %d is unknown, this program knows %d; use the version that wrote it"
                .formatted(version, FORMAT_VERSION));
      }
      return new SpoolState(
          UUID.fromString(text(node, "recordingId")),
          integer(node, "diskBytes"),
          integer(node, "epoch"),
          integer(node, "nextSegment"),
          integer(node, "nextSequence"),
          integer(node, "lastTimestampNs"),
          integer(node, "shippedSegments"),
          Sha256Digest.ofHex(text(node, "shippedDigest")),
          node.has("wholeInBoot") ? UUID.fromString(text(node, "wholeInBoot")) : null);
    } catch (final JsonProcessingException e) {
      throw new SpoolException(file, "is no JSON (" + e.getOriginalMessage() + ")", e);
    } catch (final SpoolException e) {
      throw e;
    } catch (final IOException | IllegalArgumentException e) {
      throw new SpoolException(file, "can not be read (" + e.getMessage() + ")", e);
    }
  }

  private static long integer(final JsonNode node, final String field) {
    final JsonNode value = node.path(field);
    if (!value.isIntegralNumber() || !value.canConvertToLong()) {
      throw new IllegalArgumentException("field " + field + " is missing or no integer");
    }
    return value.longValue();
  }

  private static String text(final JsonNode node, final String field) {
    final JsonNode value = node.path(field);
    if (!value.isTextual()) {
      throw new IllegalArgumentException("field " + field + " is missing or no text");
    }
    return value.textValue();
  }
}
