package io.blockcam.capture.spool;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.blockcam.archive.Recording;
import io.blockcam.archive.hash.Sha256Digest;
import io.blockcam.archive.log.SealedLog;
import io.blockcam.archive.segment.SegmentChain;
import java.nio.file.Path;
import java.util.Optional;
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
    @Nullable UUID wholeInBoot) {

  /** No epoch has begun. */
  public static final long NO_EPOCH = -1;

  static final String FILE_NAME = "spool.json";

  private static final int FORMAT_VERSION = 2;

  /** Of a recording that has not begun. */
  static SpoolState initial(final Recording recording) {
    return new SpoolState(recording.id(), recording.diskBytes(), NO_EPOCH, 0, 0, 0, null);
  }

  SpoolState withNextEpoch(final long newDiskBytes) {
    return new SpoolState(
        recordingId,
        newDiskBytes,
        epoch + 1,
        nextSegment,
        nextSequence,
        lastTimestampNs,
        wholeInBoot);
  }

  SpoolState wholeIn(final @Nullable UUID boot) {
    return new SpoolState(
        recordingId, diskBytes, epoch, nextSegment, nextSequence, lastTimestampNs, boot);
  }

  SpoolState after(final SealedLog segment) {
    return new SpoolState(
        recordingId,
        Math.max(diskBytes, segment.header().diskBytes()),
        Math.max(epoch, segment.header().epoch()),
        segment.header().segmentNumber() + 1,
        segment.lastSequence() + 1,
        segment.lastTimestampNs(),
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
        Optional.empty());
  }

  byte[] toJson() {
    final ObjectNode node = SpoolJson.begin(FORMAT_VERSION);
    node.put("recordingId", recordingId.toString());
    node.put("diskBytes", diskBytes);
    node.put("epoch", epoch);
    node.put("nextSegment", nextSegment);
    node.put("nextSequence", nextSequence);
    node.put("lastTimestampNs", lastTimestampNs);
    if (wholeInBoot != null) {
      node.put("wholeInBoot", wholeInBoot.toString());
    }
    return SpoolJson.write(node);
  }

  static SpoolState ofJson(final byte[] bytes, final Path file) throws SpoolException {
    return SpoolJson.read(
        bytes,
        file,
        FORMAT_VERSION,
        node ->
            new SpoolState(
                UUID.fromString(SpoolJson.text(node, "recordingId")),
                SpoolJson.integer(node, "diskBytes"),
                SpoolJson.integer(node, "epoch"),
                SpoolJson.integer(node, "nextSegment"),
                SpoolJson.integer(node, "nextSequence"),
                SpoolJson.integer(node, "lastTimestampNs"),
                node.has("wholeInBoot")
                    ? UUID.fromString(SpoolJson.text(node, "wholeInBoot"))
                    : null));
  }
}
