package io.blockcam.capture.ring;

import java.io.IOException;
import java.nio.file.Path;

/**
 * The ring's file can not be used. The message is one line: the file, what is wrong, what to do.
 */
public final class SlabException extends IOException {
  public SlabException(final Path file, final String problem) {
    super("ring file " + file + ": " + problem);
  }

  public SlabException(final Path file, final String problem, final Throwable cause) {
    super("ring file " + file + ": " + problem, cause);
  }
}
