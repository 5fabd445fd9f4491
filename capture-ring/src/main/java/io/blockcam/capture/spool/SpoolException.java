package io.blockcam.capture.spool;

import java.io.IOException;
import java.nio.file.Path;

/** A spool can not be used. The message is one line: the file, what is wrong, what to do. */
public final class SpoolException extends IOException {
  SpoolException(final Path file, final String problem) {
    super("spool " + file + ": " + problem);
  }

  SpoolException(final Path file, final String problem, final Throwable cause) {
    super("spool " + file + ": " + problem, cause);
  }
}
