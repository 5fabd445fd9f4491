package io.blockcam.filesearch;

import java.io.IOException;

/** A list of hashes is damaged, or none. One line, with the name of its file. */
public final class HashListException extends IOException {
  private static final long serialVersionUID = 1L;

  HashListException(final String file, final String problem) {
    super(file + ": " + problem);
  }
}
