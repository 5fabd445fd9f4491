package io.blockcam.replay;

/** A moment that a recording does not have, or that cannot be read. The message says why. */
public final class MomentException extends IllegalArgumentException {

  private static final long serialVersionUID = 1L;

  MomentException(final String message) {
    super(message);
  }
}
