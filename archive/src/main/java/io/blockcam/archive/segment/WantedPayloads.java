package io.blockcam.archive.segment;

/** Payloads that somebody wants from one segment, and what the records that name them say. */
public interface WantedPayloads {

  /** How many. */
  int count();

  /**
   * Which payload of the segment.
   *
   * @param i 0 to {@link #count} - 1; the answers do not decrease with it
   */
  int payload(int i);

  /** Which record names it. */
  int record(int i);

  /** CRC32C that it must have, as the record says. */
  int crc32c(int i);
}
