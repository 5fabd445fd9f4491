package io.blockcam.archive.segment;

import java.io.IOException;

/** A segment file is not what it should be. The message names the file, the place and the fault. */
public final class SegmentException extends IOException {
  private final String file;
  private final String problem;

  private SegmentException(final String file, final String problem) {
    super(file + ": " + problem);
    this.file = file;
    this.problem = problem;
  }

  /** Something about the file as a whole. */
  public static SegmentException of(final String file, final String problem) {
    return new SegmentException(file, problem);
  }

  /** Something about the bytes at an offset of the file. */
  public static SegmentException at(final String file, final long offset, final String problem) {
    return new SegmentException(file, "offset %d: %s".formatted(offset, problem));
  }

  /**
   * Something about one record.
   *
   * @param index place in the table of the segment, from 0
   * @param offset of the record in the file
   */
  public static SegmentException ofRecord(
      final String file, final long index, final long offset, final String problem) {
    return new SegmentException(
        file, "record %d (offset %d): %s".formatted(index, offset, problem));
  }

  /** The file, as the reader was told to call it. */
  public String file() {
    return file;
  }

  /** Place and fault, without the file. */
  public String problem() {
    return problem;
  }
}
