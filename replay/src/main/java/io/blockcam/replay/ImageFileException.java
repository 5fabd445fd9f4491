package io.blockcam.replay;

import java.io.IOException;

/** The image could not be written. Nothing of it is left. The message says why and what to do. */
public final class ImageFileException extends IOException {

  private static final long serialVersionUID = 1L;

  /** Whose matter it is. */
  public enum Kind {
    /** Another file name, or --force. */
    EXISTS,
    /** The place does not take it: full, read-only, missing. */
    ENVIRONMENT
  }

  private final Kind kind;

  ImageFileException(final Kind kind, final String message) {
    super(message);
    this.kind = kind;
  }

  public Kind kind() {
    return kind;
  }
}
