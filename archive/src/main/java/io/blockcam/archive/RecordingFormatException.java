package io.blockcam.archive;

import java.io.IOException;

/** A {@code recording.json} is not what it should be. The message names the file and the fault. */
public final class RecordingFormatException extends IOException {
  /**
   * @param file the file, as its reader calls it
   * @param problem what is wrong
   */
  public RecordingFormatException(final String file, final String problem) {
    super(file + ": " + problem);
  }
}
