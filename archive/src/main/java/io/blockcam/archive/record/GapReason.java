package io.blockcam.archive.record;

import java.util.Optional;

/** Why writes were not recorded: {@code aux} of a {@link RecordKind#GAP}. */
public enum GapReason {
  /** Recorded, and lost from the spool before it was shipped. */
  PAYLOAD_LOST(1, "lost from the spool"),
  /**
   * Neither ring nor spool has the records that the disk may have seen: memory or power is gone.
   */
  RECORDS_LOST(2, "lost with ring or spool"),
  /** A sync of the disk has failed: it may have lost what it had taken. */
  SYNC_FAILED(3, "the disk failed to sync"),
  /** Somebody else has written to the disk, or it was exchanged. */
  DISK_CHANGED(4, "written by somebody else"),
  /** There was no room left, and the disk was to go on. */
  NO_ROOM(5, "no room"),
  /** The disk has grown: what its new part held then is not known. */
  DISK_GROWN(6, "the disk grew");

  private final long code;
  private final String words;

  GapReason(final long code, final String words) {
    this.code = code;
    this.words = words;
  }

  /** The number that stands for it in a record. */
  public long code() {
    return code;
  }

  /** For a table. */
  public String words() {
    return words;
  }

  /** The reason with this code; empty when this program knows none. */
  public static Optional<GapReason> ofCode(final long code) {
    for (final GapReason reason : values()) {
      if (reason.code == code) {
        return Optional.of(reason);
      }
    }
    return Optional.empty();
  }
}
