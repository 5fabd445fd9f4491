package io.blockcam.uploader;

import java.nio.file.Path;

/**
 * How segments are sent.
 *
 * @param uploads how many at a time, 1 to {@value #MOST_UPLOADS}
 * @param compress which of them are encoded
 * @param workDirectory where one is kept that is encoded, until it is sent; made when it is needed
 */
public record Sending(int uploads, Compress compress, Path workDirectory) {
  /** More helps nobody, and an archive has other users. */
  public static final int MOST_UPLOADS = 16;

  /** Checks the range. */
  public Sending {
    if (uploads < 1 || uploads > MOST_UPLOADS) {
      throw new IllegalArgumentException(
          "%d uploads at a time: it must be 1 to %d".formatted(uploads, MOST_UPLOADS));
    }
  }

  /** One after the other, as they are. */
  public static Sending plain(final Path workDirectory) {
    return new Sending(1, Compress.NEVER, workDirectory);
  }

  /**
   * How many segments are on their way: twice as many as are sent at a time, so that the next ones
   * are sent while others get their names.
   */
  int lanes() {
    return uploads == 1 ? 1 : 2 * uploads;
  }
}
