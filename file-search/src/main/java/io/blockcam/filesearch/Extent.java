package io.blockcam.filesearch;

/**
 * Sectors of a file side by side on the disk, and the record that has brought them there.
 *
 * @param sector the first one, of the file
 * @param sectors how many
 * @param diskSector the first one, of the disk
 * @param origin what has brought them
 */
public record Extent(int sector, int sectors, long diskSector, Origin origin) {

  /** What has brought content to a sector. */
  public sealed interface Origin {}

  /**
   * A record of the archive.
   *
   * @param segment number of its segment
   * @param record of the segment
   */
  public record Recorded(long segment, int record) implements Origin {}

  /** Nothing: the disk was zero there when the recording began. */
  public record Beginning() implements Origin {}

  /** Whether another one goes on where this one ends, by the same record. */
  boolean continuesIn(final Extent next) {
    return next.sector == sector + sectors
        && next.diskSector == diskSector + sectors
        && next.origin.equals(origin);
  }
}
