package io.blockcam.filesearch;

import java.io.IOException;

/** So much cannot be looked for at once. One line. */
public final class FileSearchException extends IOException {
  private static final long serialVersionUID = 1L;

  FileSearchException(final String problem) {
    super(problem);
  }
}
