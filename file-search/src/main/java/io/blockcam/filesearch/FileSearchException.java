package io.blockcam.filesearch;

import java.io.IOException;

/** So much cannot be looked for at once. One line. */
public final class FileSearchException extends IOException {
  private static final long serialVersionUID = 1L;

  FileSearchException(final String problem) {
    super(problem);
  }

  /** To follow what was found takes more memory than there is. */
  static FileSearchException tooMany() {
    return new FileSearchException(
        "there are too many places on which the files may have lain for this heap: look for fewer at a"
            + " time, or set BLOCKCAM_HEAP to more");
  }
}
