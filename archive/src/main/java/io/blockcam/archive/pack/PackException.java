package io.blockcam.archive.pack;

import java.io.IOException;

/** A pack is not what it should be: nobody knows where its segments lie. */
public final class PackException extends IOException {
  private static final long serialVersionUID = 1L;

  /**
   * @param file as the reader was told to call it
   */
  public PackException(final String file, final String problem) {
    super(file + ": " + problem);
  }
}
