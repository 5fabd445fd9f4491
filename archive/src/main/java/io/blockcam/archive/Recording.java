package io.blockcam.archive;

import io.blockcam.archive.record.RecordDescriptor;
import java.time.Instant;
import java.util.UUID;

/**
 * A recording: what never changes about it.
 *
 * @param id tells recordings of the same name apart; stands in every segment
 * @param name see {@link RecordingName}
 * @param diskBytes size of the disk when it began, a positive multiple of 512; each segment has
 *     that of its time
 * @param created when the recording began, to the nanosecond
 * @param host the machine that records
 * @param note free text of whoever began it
 * @param baseline what is known of the disk before
 */
public record Recording(
    UUID id,
    String name,
    long diskBytes,
    Instant created,
    String host,
    String note,
    Baseline baseline) {

  /** The format of {@code recording.json} and of the segments beside it. */
  public static final int FORMAT_VERSION = 1;

  /** File that holds this, in the directory of the recording. */
  public static final String FILE_NAME = "recording.json";

  private static final int MAX_TEXT_CHARS = 4096;

  /** Checks the ranges. */
  public Recording {
    RecordingName.check(name);
    if (diskBytes <= 0 || diskBytes % RecordDescriptor.SECTOR_BYTES != 0) {
      throw new IllegalArgumentException(
          "disk size " + diskBytes + " is not a positive multiple of 512 bytes");
    }
    if (host.length() > MAX_TEXT_CHARS || note.length() > MAX_TEXT_CHARS) {
      throw new IllegalArgumentException(
          "host and note have at most " + MAX_TEXT_CHARS + " characters");
    }
  }

  /** Where its parts lie in an archive. */
  public RecordingPaths paths() {
    return new RecordingPaths(name);
  }
}
