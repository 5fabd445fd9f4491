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

  /** One after the other, as they are. */
  public static final Sending PLAIN = new Sending(1, Compress.NEVER, Path.of(""));

  /** Checks the range. */
  public Sending {
    if (uploads < 1 || uploads > MOST_UPLOADS) {
      throw new IllegalArgumentException(
          "%d uploads at a time: it must be 1 to %d".formatted(uploads, MOST_UPLOADS));
    }
  }
}
