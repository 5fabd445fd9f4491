package io.blockcam.archive.head;

import io.blockcam.archive.hash.Sha256Digest;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.regex.Pattern;

/**
 * What was published last, and what was published up to there.
 *
 * @param recordingId which recording
 * @param segmentNumber its newest segment
 * @param digest of that segment, which vouches for all before it
 * @param summary of all segments up to that one
 */
public record RecordingHead(
    UUID recordingId, long segmentNumber, Sha256Digest digest, RecordingSummary summary) {

  private static final Pattern NAME = Pattern.compile("\\d{10}\\.json");

  /** The name of its object; see {@code RecordingPaths}. */
  public String fileName() {
    return "%010d.json".formatted(segmentNumber);
  }

  /** The segment number in the name of a head; empty when it is none. */
  public static OptionalLong number(final String fileName) {
    return NAME.matcher(fileName).matches()
        ? OptionalLong.of(Long.parseLong(fileName, 0, fileName.indexOf('.'), 10))
        : OptionalLong.empty();
  }
}
