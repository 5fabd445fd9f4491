package io.blockcam.ublk.target;

import java.io.IOException;

/** A backing store that cannot be used. The message says which, why, and what to do. */
public final class BackingException extends IOException {

  private static final long serialVersionUID = 1L;

  /** Whose matter it is. */
  public enum Kind {
    /** Another value was needed. */
    USAGE,
    /** The value is right but this machine does not let us. */
    ENVIRONMENT
  }

  private final Kind kind;

  public BackingException(final Kind kind, final String message) {
    super(message);
    this.kind = kind;
  }

  public Kind kind() {
    return kind;
  }
}
