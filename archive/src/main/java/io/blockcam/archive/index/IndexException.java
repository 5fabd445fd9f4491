package io.blockcam.archive.index;

import java.io.IOException;

/** A run of the index is not what it should be: it is of no use, and can be made anew. */
public final class IndexException extends IOException {
  private static final long serialVersionUID = 1L;

  private final String file;

  /**
   * @param file as the reader was told to call it
   */
  public IndexException(final String file, final String problem) {
    super(file + ": " + problem);
    this.file = file;
  }

  /** The file, as the reader was told to call it. */
  public String file() {
    return file;
  }
}
